const NEWLINE = 0x0a;

/**
 * Writes a new text file as git would in a patch, so that git can apply it.
 *
 * @param name - relative to the repository, `/` between parts
 * @param content - without NUL
 * @param executable - whether it may be run
 * @returns the patch, ends in a newline
 */
export function newFilePatch(name: string, content: Buffer, executable: boolean): Buffer {
  const head = [
    `diff --git ${quoted(`a/${name}`)} ${quoted(`b/${name}`)}`,
    `new file mode ${executable ? '100755' : '100644'}`,
  ];
  if (content.length === 0) {
    // The hash of nothing; without this line git takes it for no change.
    return Buffer.from(`${head.join('\n')}\nindex 0000000..e69de29\n`);
  }
  const lines = linesOf(content);
  const last = lines.at(-1);
  const isWhole = last?.at(-1) === NEWLINE;
  // git ends a name with blanks by a tab.
  const target = `${quoted(`b/${name}`)}${name.includes(' ') ? '\t' : ''}`;
  const hunk = `--- /dev/null\n+++ ${target}\n@@ -0,0 +1,${lines.length} @@\n`;
  return Buffer.concat([
    Buffer.from(`${head.join('\n')}\n${hunk}`),
    ...lines.flatMap((line) => [Buffer.from('+'), line]),
    Buffer.from(isWhole ? '' : '\n\\ No newline at end of file\n'),
  ]);
}

function linesOf(content: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < content.length; ) {
    const end = content.indexOf(NEWLINE, from);
    const next = end === -1 ? content.length : end + 1;
    lines.push(content.subarray(from, next));
    from = next;
  }
  return lines;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

// As git quotes names: in C's way, and only where they need it.
function quoted(name: string): string {
  // eslint-disable-next-line no-control-regex -- these are what must be quoted
  const special = /["\\\u0000-\u001f\u007f]/g;
  const text = name.replaceAll(
    special,
    (char) => ESCAPES[char] ?? `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
  return text === name ? name : `"${text}"`;
}
