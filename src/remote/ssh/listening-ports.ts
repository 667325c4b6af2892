import type { RemoteShell } from '../remote-shell.ts';

/** A port of a machine that something listens on. */
export interface ListeningPort {
  readonly port: number;
  /** How to reach it from the machine itself: `localhost`, or the one address it listens on. */
  readonly host: string;
  /** What it is likely to be, such as `TensorBoard`; `null` when nothing tells. */
  readonly name: string | null;
  /** Command line of who listens; `null` for other users' processes. */
  readonly command: string | null;
  /** What to open of it, with what lets one in; begins with `/`. */
  readonly path: string;
}

const TIMEOUT_MS = 15_000;

// Linux says all in /proc, busybox or not; elsewhere netstat does, without names.
const SCRIPT = `
echo '#tcp'
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null || netstat -an 2>/dev/null | grep -i listen
echo '#fd'
ls -l /proc/[0-9]*/fd 2>/dev/null | grep -e '^/proc/' -e 'socket:'
echo '#ps'
ps -e -o pid= -o args= 2>/dev/null || ps -o pid,args 2>/dev/null
echo '#jupyter'
for dir in "$JUPYTER_RUNTIME_DIR" "$HOME/.local/share/jupyter/runtime" "$HOME/Library/Jupyter/runtime"; do
  for file in "$dir"/jpserver-*.json "$dir"/nbserver-*.json; do
    [ -f "$file" ] && tr -d '\\n' <"$file" && echo
  done
done
exit 0
`;

/** By what their command lines hold. */
const PROGRAMS: readonly (readonly [RegExp, string])[] = [
  [/\btensorboard\b/i, 'TensorBoard'],
  [/\bjupyter|\bipykernel|\bnotebook\b/i, 'Jupyter'],
  [/\bmlflow\b/i, 'MLflow'],
  [/\bstreamlit\b/i, 'Streamlit'],
  [/\bgradio\b/i, 'Gradio'],
  [/\bray\b.*dashboard/i, 'Ray'],
  [/\baim\b.*\bup\b/i, 'Aim'],
];

/** By the ports they have unless told otherwise. */
const USUAL: ReadonlyMap<number, string> = new Map([
  [6006, 'TensorBoard'],
  [8888, 'Jupyter'],
  [7860, 'Gradio'],
  [8265, 'Ray'],
  [8501, 'Streamlit'],
]);

/** Those below belong to the system, as a rule. */
const FIRST_OF_USERS = 1024;

/**
 * Looks which ports of a machine something listens on, in one round trip.
 *
 * @param shell - the way to it
 * @param signal - gives up
 * @returns the likely ones first: known by name, then by number
 * @throws {MachineError} when it cannot be asked
 */
export async function listeningPorts(
  shell: RemoteShell,
  signal?: AbortSignal,
): Promise<readonly ListeningPort[]> {
  const options = { timeoutMs: TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) };
  const { stdout } = await shell.exec(['sh', '-c', SCRIPT], options);
  return parseListening(stdout.toString('utf8'));
}

/**
 * Reads the answer of the machine.
 *
 * @param text - sections headed by `#tcp`, `#fd`, `#ps` and `#jupyter`
 * @returns each port once, the likely ones first
 */
export function parseListening(text: string): readonly ListeningPort[] {
  const sections = sectionsOf(text);
  const owners = ownersOf(sections.get('fd') ?? []);
  const commands = commandsOf(sections.get('ps') ?? []);
  const servers = (sections.get('jupyter') ?? []).flatMap(jupyterOf);
  const byPort = Map.groupBy((sections.get('tcp') ?? []).flatMap(socketOf), ({ port }) => port);
  const ports = [...byPort].map(([port, sockets]): ListeningPort => {
    const pids = sockets.map(({ inode }) => owners.get(inode));
    const command = pids.map((pid) => commands.get(pid ?? '')).find((line) => line !== undefined);
    const server = servers.find((one) => one.port === port && isOf(one, pids));
    return {
      port,
      host: hostOf(sockets),
      name: server === undefined ? nameOf(port, command) : 'Jupyter',
      command: command ?? null,
      path: server?.path ?? '/',
    };
  });
  return ports.toSorted((one, other) => rank(one) - rank(other) || one.port - other.port);
}

interface ListeningSocket {
  readonly address: string;
  readonly port: number;
  /** Empty when it is not told. */
  readonly inode: string;
}

interface JupyterServer {
  readonly port: number;
  readonly pid: string;
  readonly path: string;
}

const WILD: ReadonlySet<string> = new Set(['*', '0.0.0.0', '::']);
const LISTEN_STATE = '0A';

function sectionsOf(text: string): ReadonlyMap<string, readonly string[]> {
  const sections = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of text.split('\n')) {
    const [, head] = /^#(tcp|fd|ps|jupyter)$/.exec(line) ?? [];
    if (head === undefined) {
      lines.push(line);
    } else {
      lines = [];
      sections.set(head, lines);
    }
  }
  return sections;
}

// A line of /proc/net/tcp, or one of netstat of a BSD.
function socketOf(line: string): readonly ListeningSocket[] {
  const words = line.trim().split(/\s+/);
  const [, local = '', , state] = words;
  const [, hex, port] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local) ?? [];
  if (hex !== undefined && port !== undefined) {
    return state === LISTEN_STATE
      ? [{ address: addressOf(hex), port: Number.parseInt(port, 16), inode: words[9] ?? '' }]
      : [];
  }
  const [, address, number] = /^(\S+)[.:](\d+)$/.exec(words[3] ?? '') ?? [];
  return words[0]?.startsWith('tcp') === true && address !== undefined
    ? [{ address: address.replace(/^\[|\]$/g, ''), port: Number(number), inode: '' }]
    : [];
}

// The kernel writes each 32 bits as its processor has them; all that matter are little-endian.
function addressOf(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length === 4) {
    return [...bytes].toReversed().join('.');
  }
  const groups = bytes.swap32().toString('hex').match(/.{4}/g) ?? [];
  if (groups.every((group) => group === '0000')) {
    return '::';
  }
  const mapped = /^(?:0000){5}ffff([0-9a-f]{8})$/.exec(groups.join(''))?.[1];
  return mapped === undefined
    ? groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')
    : [...Buffer.from(mapped, 'hex')].join('.');
}

function hostOf(sockets: readonly ListeningSocket[]): string {
  const isLocal = sockets.some(
    ({ address }) => WILD.has(address) || address.startsWith('127.0.0.1') || isLoopback6(address),
  );
  return isLocal ? 'localhost' : (sockets[0]?.address ?? 'localhost');
}

function isLoopback6(address: string): boolean {
  return address === '::1' || address === '0:0:0:0:0:0:0:1';
}

function ownersOf(lines: readonly string[]): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  let pid = '';
  for (const line of lines) {
    const [, folder] = /^\/proc\/(\d+)\/fd:$/.exec(line) ?? [];
    const [, inode] = /socket:\[(\d+)\]$/.exec(line) ?? [];
    pid = folder ?? pid;
    if (inode !== undefined && !owners.has(inode)) {
      owners.set(inode, pid);
    }
  }
  return owners;
}

function commandsOf(lines: readonly string[]): ReadonlyMap<string, string> {
  const pairs = lines.map((line) => /^\s*(\d+)\s+(.+)$/.exec(line));
  return new Map(pairs.flatMap((pair) => (pair === null ? [] : [[pair[1] ?? '', pair[2] ?? '']])));
}

// What a server of Jupyter writes of itself; one that died may have left it.
function jupyterOf(line: string): readonly JupyterServer[] {
  let told: unknown;
  try {
    told = JSON.parse(line);
  } catch {
    return [];
  }
  if (typeof told !== 'object' || told === null) {
    return [];
  }
  const { port, pid, base_url: base, token } = told as Readonly<Record<string, unknown>>;
  if (typeof port !== 'number') {
    return [];
  }
  const start = typeof base === 'string' && base.startsWith('/') ? base : '/';
  const isOpen = typeof token !== 'string' || token === '';
  const path = isOpen ? start : `${start}?token=${encodeURIComponent(token)}`;
  return [{ port, pid: String(pid), path }];
}

function isOf({ pid }: JupyterServer, pids: readonly (string | undefined)[]): boolean {
  const known = pids.filter((one) => one !== undefined);
  return known.length === 0 || known.includes(pid);
}

function nameOf(port: number, command: string | undefined): string | null {
  if (command === undefined) {
    return USUAL.get(port) ?? null;
  }
  return PROGRAMS.find(([pattern]) => pattern.test(command))?.[1] ?? USUAL.get(port) ?? null;
}

function rank({ name, port }: ListeningPort): number {
  if (name !== null) {
    return 0;
  }
  return port >= FIRST_OF_USERS ? 1 : 2;
}
