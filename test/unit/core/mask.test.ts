import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { NULL_LOGGER } from '../../../src/core/logger.ts';
import type { Logger } from '../../../src/core/logger.ts';
import { replaceSpans } from '../../../src/core/mask-spans.ts';
import { MASK, maskSecretShapes, SecretMasker } from '../../../src/core/mask.ts';
import { maskingLogger } from '../../../src/core/masking-logger.ts';

const masker = (...secrets: string[]): SecretMasker => {
  const result = new SecretMasker();
  secrets.forEach((secret) => result.add(secret));
  return result;
};

describe('SecretMasker', () => {
  it('hides a value wherever it stands', () => {
    const text = 'key=correct-horse, again correct-horse.';
    assert.equal(masker('correct-horse').mask(text), 'key=***, again ***.');
  });

  it('hides the longer of two values that begin alike', () => {
    assert.equal(masker('secret', 'secret-long').mask('secret-long'), MASK);
  });

  it('leaves short values alone, as they would hide half the log', () => {
    assert.equal(masker('true', '12345', '').mask('true 12345'), 'true 12345');
    assert.equal(masker('123456').mask('123456'), MASK);
  });

  it('takes the characters of a value literally', () => {
    assert.equal(masker('a.c+(d]$').mask('abc+(d]$ a.c+(d]$'), 'abc+(d]$ ***');
  });

  it('hides a value in JSON, in an address and in base64', () => {
    const secret = 'p"ss wörd\\x';
    const text = [
      JSON.stringify({ value: secret }),
      `https://host/?q=${encodeURIComponent(secret)}`,
      Buffer.from(secret).toString('base64'),
    ].join('\n');
    assert.equal(masker(secret).mask(text), '{"value":"***"}\nhttps://host/?q=***\n***');
  });

  it('hides each line of a secret with several', () => {
    const key = '-----BEGIN X-----\nlineone1\nlinetwo2\n-----END X-----';
    assert.equal(masker(key).mask('got linetwo2 here'), 'got *** here');
    assert.equal(masker(key).mask('-----END X-----'), '-----END X-----');
  });

  it('tells the places of what it hides', () => {
    const own = masker('correct-horse', 'aa***bb***');
    const part = fc.oneof(
      fc.constantFrom('correct-horse', 'correct-', 'horse', '***', 'aa', 'bb', ' ', '\n', 'Bearer '),
      fc.constantFrom('password=', 'abcdefgh', 'hf_', 'A'.repeat(20), 'sk-', '://u:', 'p4ss', '@h'),
      fc.string({ maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const text = parts.join('');
        const spans = own.spans(text);
        assert.equal(replaceSpans(text, spans, () => MASK), own.mask(text));
      }),
      { seed: 7, numRuns: 2000 },
    );
    assert.deepEqual(own.spans('key correct-horse.'), [{ start: 4, end: 17 }]);
    // A mask that makes another secret whole is swallowed by it.
    const nested = 'aacorrect-horsebbcorrect-horse';
    assert.deepEqual(own.spans(nested), [{ start: 0, end: nested.length }]);
  });

  it('learns more values after its first use', () => {
    const own = masker('first-one');
    own.mask('x');
    own.add('second-one');
    assert.equal(own.mask('first-one second-one'), '*** ***');
  });

  it('tells what may be the beginning of a secret', () => {
    const own = masker('secret-AB', 'ABxyz123');
    assert.equal(own.holdBack('plain text'), 0);
    assert.equal(own.holdBack('key is sec'), 3);
    assert.equal(own.holdBack('secret-AC'), 0);
    // The end of a whole one may begin another: neither is cut.
    assert.equal(own.holdBack('key secret-AB'), 'secret-AB'.length);
    for (const begun of ['hf_abc', 'password: hun', 'Bearer abc', '://user:pa', 'api_key="x']) {
      assert.equal(own.holdBack(`say ${begun}`), begun.length, begun);
      assert.equal(own.holdBack(`say ${begun}\n`), 0, begun);
    }
  });

  it('hides what becomes a secret only beside a mask', () => {
    const own = masker('first-one', '***tail');
    const masked = own.mask('first-onetail');
    assert.equal(masked, MASK);
    assert.equal(own.mask(masked), masked);
  });

  it('leaves nothing of a value, and hides nothing more the second time', () => {
    const secrets = fc.array(fc.string({ minLength: 6, maxLength: 24 }), { maxLength: 4 });
    const around = fc.oneof(
      fc.string(),
      fc.constantFrom('***', 'Bearer ', 'api_key=', '://u:', '@', '*'),
    );
    fc.assert(
      fc.property(secrets, fc.array(around, { maxLength: 6 }), (values, pieces) => {
        // What is known already, such as a mask, cannot be told from a secret.
        fc.pre(values.every((value) => !value.includes('*')));
        const own = masker(...values);
        const text = pieces.flatMap((piece, index) => [piece, values[index] ?? '']).join('');
        const masked = own.mask(text);
        assert.equal(own.mask(masked), masked);
        for (const value of values) {
          assert.ok(value.trim().length < 6 || !masked.includes(value), value);
        }
      }),
      { seed: 13, numRuns: 2000 },
    );
  });
});

describe('Shapes of secrets', () => {
  const alnum = 'a1B2c3D4'.repeat(5);
  const shapes: readonly [string, string][] = [
    ['id AKIAIOSFODNN7EXAMPLE ok', 'id *** ok'],
    ['id ASIAIOSFODNN7EXAMPLE', 'id ***'],
    [`token hf_${alnum}`, 'token ***'],
    [`sk-${alnum} sk-proj-${alnum}`, '*** ***'],
    [`rpa_${alnum}`, MASK],
    [`ghp_${alnum}`, MASK],
    [`Authorization: Bearer ${alnum}`, 'Authorization: ***'],
    [`"authorization": "Basic ${alnum}"`, '"authorization": "***"'],
    [`sent bearer ${alnum}.`, 'sent bearer ***'],
    [`AWS_SECRET_ACCESS_KEY=${alnum}/+`, 'AWS_SECRET_ACCESS_KEY=***'],
    [`{"SecretAccessKey":"${alnum}","x":1}`, '{"SecretAccessKey":"***","x":1}'],
    [`aws_session_token = ${alnum}==`, 'aws_session_token = ***'],
    [`WANDB_API_KEY=${alnum} next`, 'WANDB_API_KEY=*** next'],
    ['https://me:hunter22@host/x', 'https://me:***@host/x'],
    ['s3?X-Amz-Signature=0123abcd&b=1', 's3?X-Amz-Signature=***&b=1'],
    [`eyJ${alnum}.eyJ${alnum}.${alnum}`, MASK],
    ['a\n-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nb', 'a\n***\nb'],
    ['cut -----BEGIN OPENSSH PRIVATE KEY-----\nabc', 'cut ***'],
  ];

  for (const [text, masked] of shapes) {
    it(`hides it in ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.equal(maskSecretShapes(text), masked);
      assert.equal(maskSecretShapes(masked), masked);
    });
  }

  it('leaves what only resembles one', () => {
    const harmless = [
      'commit 3f786850e387550fdab836ed7e6dc881de23001b',
      'the bearer of this letter',
      'task-based-learning-is-a-long-word disk-usage-of-all-the-things',
      'loss=0.123 tokens=123456789 step 10/100 [00:10<00:20, 5.00it/s]',
      'https://host:8080/path s3://bucket/key user@host',
      'epoch 3: val/accuracy: 0.98',
    ];
    for (const text of harmless) {
      assert.equal(maskSecretShapes(text), text);
    }
  });
});

describe('maskingLogger', () => {
  const lines: unknown[][] = [];
  const sink: Logger = {
    ...NULL_LOGGER,
    info: (...line) => lines.push(line),
    error: (...line) => lines.push(line),
  };
  const logger = maskingLogger(sink, masker('correct-horse'));

  it('hides secrets in messages and in details of every form', () => {
    lines.length = 0;
    logger.info('key correct-horse', 'correct-horse', { key: 'correct-horse' }, 7, undefined);
    assert.deepEqual(lines, [['key ***', '***', '{"key":"***"}', 7, undefined]]);
  });

  it('writes errors with their chain', () => {
    lines.length = 0;
    const cause = new Error('correct-horse');
    logger.error('failed', new Error('outer', { cause }));
    assert.deepEqual(lines, [['failed', 'Error: outer ← Error: ***']]);
  });

  it('survives what cannot be written down', () => {
    lines.length = 0;
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    logger.info('loop', loop, 5n);
    assert.deepEqual(lines, [['loop', '[object that cannot be written down]', 5n]]);
  });
});
