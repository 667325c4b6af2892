import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'mocha';
import type { Answer, TestAgent } from '../../support/agent.ts';
import { AGENT_SCRIPT, R1, callCommand, underEachShell } from '../../support/agent.ts';

/** The functions of the agent without their last line, which runs them. */
const FUNCTIONS = readFileSync(AGENT_SCRIPT, 'utf8').replace(/^main "\$@"; exit$/m, '');
const SHOW = `printf '<%s>' "$_one" "$_two" "$_three"; printf ' %s\\n' "$_looks"`;

underEachShell('records of the agent', (agent) => {
  // Each reading finds what the next of `readings` says, the last one for ever.
  // A real writer cannot be made to come in between at will.
  async function meanwhile(readings: readonly string[], script: string): Promise<string> {
    const { work } = agent();
    const file = join(work, 'record');
    await writeFile(file, `${readings[0] ?? ''}\n`);
    for (const [index, reading] of readings.entries()) {
      await writeFile(join(work, `reading-${index}`), `${reading.padEnd(255)}\n`);
    }
    const overwriting = `
      _count=0
      read() {
        if [ -e "${work}/reading-$_count" ]; then
          cat "${work}/reading-$_count" >"${file}"
          _count=$((_count + 1))
        fi
        command read "$@"
      }`;
    const answer = await run(agent(), `${overwriting}\n_dir='${work}'\n${script}`);
    assert.deepEqual([answer.code, answer.stderr], [0, '']);
    return answer.stdout.toString();
  }

  const readThree = `read_record "$_dir/record" _one _two _three; ${SHOW}`;

  it('are believed after two readings when nobody writes', async () => {
    assert.equal(await meanwhile(['12 34 boot'], readThree), '<12><34><boot> 1\n');
  });

  it('are read again until two readings agree', async () => {
    const torn = ['comup', 'command', 'command why', 'command why'];
    assert.equal(await meanwhile(torn, readThree), '<command><why><> 2\n');
    const growing = ['1', '12 3', '12 34 b', '12 34 boot', '12 34 boot', '12 34 boot'];
    assert.equal(await meanwhile(growing, readThree), '<12><34><boot> 3\n');
  });

  it('are given up on after fifty looks, not looked at for ever', async () => {
    const readings = Array.from({ length: 110 }, (_, index) => `${index} x`);
    assert.equal(await meanwhile(readings, readThree), '<98><x><> 50\n');
  });

  it('give their words as they are, the last name the rest, and nothing when blank', async () => {
    for (const [record, words] of [
      ['', '<><><>'],
      ['1 *', '<1><*><>'],
      ['1 2 /sys/a  b $(x) \\n "c"', '<1><2></sys/a  b $(x) \\n "c">'],
    ] as const) {
      assert.equal(await meanwhile([record], readThree), `${words} 1\n`);
    }
    const missing = await run(agent(), `read_record /nonexistent/file _one _two _three; ${SHOW}`);
    assert.deepEqual([missing.stdout.toString(), missing.stderr], ['<><><> 1\n', '']);
  });

  for (const [name, torn, whole, script, expected] of [
    ['phase', 'comup', 'command', 'printf "%s" "$_phase"', 'command'],
    ['stop', '17000 5', '1700000000 5000', 'printf "%s" "$_stop/$_stop_deadline"', '1700000000/5000'],
    ['kill', '50', '5000', 'printf "%s" "$_kill"', '5000'],
    ['main', '4', '4242 77 boot', 'printf "%s" "$_main/$_main_start"', '4242/77'],
    ['supervisor', '4', '4243 78 boot', 'printf "%s" "$_super/$_super_start"', '4243/78'],
  ] as const) {
    it(`(${name}) are never taken half written for a fact about a run`, async () => {
      const { home } = agent();
      const directory = join(home, 'runs', R1);
      await mkdir(directory, { recursive: true });
      for (const record of ['phase', 'main', 'stop', 'kill', 'supervisor', 'exit']) {
        await writeFile(join(directory, record), '\n');
      }
      await writeFile(join(directory, name), torn);
      // The writer comes between the first reading of this record and the second.
      const overwriting = `
        read() {
          command read "$@" || :
          case \${_from:-} in
            */${name}) if [ "$_looks" = 0 ]; then printf '%s\\n' '${whole}' >"$_from"; fi ;;
          esac
        }`;
      const answer = await run(agent(), `${overwriting}\ninit\nload ${R1}\n${script}`);
      assert.deepEqual([answer.stdout.toString(), answer.stderr], [expected, '']);
    });
  }
});

async function run(agent: TestAgent, script: string): Promise<Answer> {
  const path = join(agent.work, 'driver.sh');
  await writeFile(path, `${FUNCTIONS}\n${script}\n`);
  return callCommand([...agent.shell, path], { env: agent.env });
}
