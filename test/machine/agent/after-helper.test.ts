import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { findExecutable } from '../../../scripts/lib/process.ts';
import { S3Server } from '../../emulators/s3-server.ts';
import { signatureOf } from '../../emulators/sigv4.ts';
import { ACCOUNT, BUCKET } from '../../support/after-machine.ts';
import type { Answer } from '../../support/agent.ts';
import { AGENT_SCRIPT, PYTHON, callCommand } from '../../support/agent.ts';

const FOLDER = join(AGENT_SCRIPT, '..');
const PLACE = `s3://${BUCKET}/a place/of`;
const MIB = 1024 * 1024;

// The examples of Amazon's "Signature Calculations for the Authorization Header".
const EXAMPLE = {
  key: 'AKIAIOSFODNN7EXAMPLE',
  secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  host: 'examplebucket.s3.amazonaws.com',
  empty: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
};
const VECTORS = [
  {
    method: 'GET', path: '/test.txt', query: '', headers: { range: 'bytes=0-9' }, hash: EXAMPLE.empty,
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  {
    method: 'PUT', path: '/test%24file.text', query: '',
    headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
    hash: '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  },
  {
    method: 'GET', path: '/', query: 'lifecycle=', headers: {}, hash: EXAMPLE.empty,
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  {
    method: 'GET', path: '/', query: 'max-keys=2&prefix=J', headers: {}, hash: EXAMPLE.empty,
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
];

describe('the helper that saves runs', function () {
  this.timeout(60_000);
  let base: string;
  let server: S3Server;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'runctl-helper-'));
    server = await S3Server.start(BUCKET, ACCOUNT);
    env = {
      HOME: base,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ACCESS_KEY_ID: ACCOUNT.key,
      AWS_SECRET_ACCESS_KEY: ACCOUNT.secret,
      AWS_ENDPOINT_URL_S3: server.endpoint,
    };
  });
  afterEach(async () => {
    await server.stop();
    await rm(base, { recursive: true });
  });

  const put = async (files: Readonly<Record<string, Buffer>>): Promise<Answer> => {
    const lines: string[] = [];
    for (const [name, bytes] of Object.entries(files)) {
      const path = join(base, `file-${String(lines.length)}`);
      await writeFile(path, bytes);
      lines.push(name, path);
    }
    await writeFile(join(base, 'list'), `${lines.join('\n')}\n`);
    const command = [PYTHON, '-I', '-W', 'error', join(FOLDER, 'after.py'), 'put', join(base, 'list'), PLACE];
    return callCommand(command, { env });
  };

  it('signs as Amazon’s own examples are signed; so does the server of these tests', () => {
    const code = `import sys, json, datetime; sys.path.insert(0, ${JSON.stringify(FOLDER)}); import after
for v in json.loads(sys.argv[1]):
    print(after.sign(after.Credentials(${JSON.stringify(EXAMPLE.key)}, ${JSON.stringify(EXAMPLE.secret)}), "us-east-1", v["method"], v["path"], v["query"],
        dict(v["headers"], host=${JSON.stringify(EXAMPLE.host)}), v["hash"], datetime.datetime(2013, 5, 24))["authorization"].split("Signature=")[1])`;
    const { stdout, stderr } = spawnSync(PYTHON, ['-B', '-c', code, JSON.stringify(VECTORS)], { encoding: 'utf8' });
    assert.equal(stderr, '');
    const expected = VECTORS.map(({ signature }) => signature);
    assert.deepEqual(stdout.trim().split('\n'), expected);
    const own = VECTORS.map(({ method, path, query, headers, hash }) => {
      const all = { ...headers, host: EXAMPLE.host, 'x-amz-content-sha256': hash, 'x-amz-date': '20130524T000000Z' };
      return signatureOf(EXAMPLE.secret, {
        method, target: `${path}?${query}`, hash, stamp: '20130524T000000Z',
        headers: Object.entries<string>(all).sort(([a], [b]) => (a < b ? -1 : 1)),
        scope: '20130524/us-east-1/s3/aws4_request',
      });
    });
    assert.deepEqual(own, expected);
  });

  it('sends names of all kinds and files of any size, empty ones too', async () => {
    const files = {
      'plain': Buffer.from('x'),
      'empty': Buffer.alloc(0),
      'a b+c%20&=?#/ünï~*(1)\'"\\.pt': randomBytes(3 * MIB),
    };
    const { code, stderr } = await put(files);
    assert.deepEqual([code, stderr], [0, '']);
    for (const [name, bytes] of Object.entries(files)) {
      assert.ok(server.objects.get(`a place/of/${name}`)?.bytes.equals(bytes), name);
    }
  });

  it('sends large ones in parts, again what failed, and proves what is there', async () => {
    let failures = 0;
    server.fault = (request, response) => {
      if (!(request.url ?? '').includes('partNumber=3') || failures >= 2) return false;
      failures += 1;
      if (failures === 1) request.destroy();
      else response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
      return true;
    };
    const bytes = randomBytes(70 * MIB);
    const { code, stderr } = await put({ big: bytes });
    assert.deepEqual([code, stderr, failures], [0, '', 2]);
    const stored = server.objects.get('a place/of/big');
    assert.equal(stored?.parts, 5);
    assert.ok(stored.bytes.equals(bytes));
    assert.equal(server.requests.at(-1), 'HEAD a place/of/big');
  });

  it('leaves no parts behind when one is refused', async () => {
    server.fault = (request, response) => {
      if (!(request.url ?? '').includes('partNumber=2')) return false;
      response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>');
      return true;
    };
    const { code, stderr } = await put({ big: Buffer.alloc(65 * MIB) });
    assert.deepEqual([code, server.uploads.size, server.objects.size], [1, 0, 0]);
    assert.match(stderr, /^HTTP 403 AccessDenied at PUT of a place\/of\/big\n$/);
  });

  it('finds the region of the bucket and the time of the service', async () => {
    await server.stop();
    server = await S3Server.start(BUCKET, ACCOUNT, 'eu-central-1');
    server.clockAhead = 3_600_000;
    env['AWS_ENDPOINT_URL_S3'] = server.endpoint;
    const { code, stderr } = await put({ one: Buffer.from('1') });
    assert.deepEqual([code, stderr, server.text('a place/of/one')], [0, '', '1']);
  });

  it('takes credentials from the profile, with the token of a session', async () => {
    await server.stop();
    server = await S3Server.start(BUCKET, { ...ACCOUNT, token: 'of/the=session' }, 'eu-west-1');
    await mkdir(join(base, '.aws'));
    await writeFile(
      join(base, '.aws/credentials'),
      `[other]\naws_access_key_id = ${ACCOUNT.key}\naws_secret_access_key = ${ACCOUNT.secret}\naws_session_token = of/the=session\n`,
    );
    await writeFile(join(base, '.aws/config'), `[profile other]\nregion = eu-west-1\nendpoint_url = ${server.endpoint}\n`);
    env = { HOME: base, AWS_EC2_METADATA_DISABLED: 'true', AWS_PROFILE: 'other' };
    assert.equal((await put({ one: Buffer.from('1') })).code, 0);
    env['AWS_PROFILE'] = 'nobody';
    const { code, stderr } = await put({ one: Buffer.from('1') });
    assert.deepEqual([code, stderr], [1, 'no credentials: none in the environment, ~/.aws or the role of the instance\n']);
  });

  it('takes credentials from the role of an instance, by a session of its metadata service', async () => {
    await server.stop();
    server = await S3Server.start(BUCKET, { ...ACCOUNT, token: 'of/the=role' });
    const asked: string[] = [];
    const metadata = createServer((request, response) => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
      const isOpening = request.method === 'PUT' && request.headers['x-aws-ec2-metadata-token-ttl-seconds'] !== undefined;
      if (isOpening) response.end('of-the-session');
      else if (request.headers['x-aws-ec2-metadata-token'] !== 'of-the-session') response.writeHead(401).end();
      else if (request.url?.endsWith('/trainer') !== true) response.end('trainer\n');
      else response.end(JSON.stringify({ AccessKeyId: ACCOUNT.key, SecretAccessKey: ACCOUNT.secret, Token: 'of/the=role' }));
    });
    metadata.listen(0, '127.0.0.1');
    await once(metadata, 'listening');
    const { port } = metadata.address() as AddressInfo;
    env = { HOME: base, AWS_ENDPOINT_URL_S3: server.endpoint, AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${String(port)}` };
    const { code, stderr } = await put({ one: Buffer.from('1') });
    assert.deepEqual([code, stderr, server.text('a place/of/one')], [0, '', '1']);
    const role = '/latest/meta-data/iam/security-credentials/';
    assert.deepEqual(asked, ['PUT /latest/api/token', `GET ${role}`, `GET ${role}trainer`]);
    env['AWS_EC2_METADATA_DISABLED'] = 'true';
    assert.equal((await put({ one: Buffer.from('1') })).code, 1);
    assert.equal(asked.length, 3);
    metadata.close();
  });

  it('asks Amazon’s own store by a host of the bucket’s name, where a certificate covers that', async () => {
    const script = join(base, 'asks.py');
    // Only the way there is another: to the server of these tests, unencrypted.
    await writeFile(script, `import sys, http.client
sys.path.insert(0, ${JSON.stringify(FOLDER)})
import after
plain, asked = http.client.HTTPConnection, []
class Nearby(plain):
    def __init__(self, host, timeout, context):
        asked.append(host)
        super().__init__(${JSON.stringify(server.endpoint.replace('http://', ''))}, timeout=timeout)
http.client.HTTPSConnection = Nearby
after.put(sys.argv[1], sys.argv[2])
print(sorted(set(asked)))
for name, region in (("a.b", "eu-west-1"), ("ab", "cn-north-1")):
    print(after.Bucket(name, None, region, None).place())
`);
    const one = join(base, 'one');
    await writeFile(one, '1');
    await writeFile(join(base, 'list'), `one\n${one}\n`);
    delete env['AWS_ENDPOINT_URL_S3'];
    const { code, stdout, stderr } = await callCommand([PYTHON, '-B', script, join(base, 'list'), PLACE], { env });
    assert.deepEqual([code, stderr, server.text('a place/of/one')], [0, '', '1']);
    assert.equal(stdout.toString(), [
      `['${BUCKET}.s3.us-east-1.amazonaws.com']`,
      "('https', 's3.eu-west-1.amazonaws.com', '/a.b')",
      "('https', 'ab.s3.cn-north-1.amazonaws.com.cn', '')",
      '',
    ].join('\n'));
  });

  it('is not deceived by a service that keeps something else', async () => {
    server.fault = (request, response) => {
      if (request.method !== 'HEAD') return false;
      response.writeHead(200, { 'content-length': 2 }).end();
      return true;
    };
    const { code, stderr } = await put({ one: Buffer.from('1') });
    assert.deepEqual([code, stderr], [1, 'a place/of/one is not there as it was sent\n']);
  });

  it('has a server that the tool of Amazon understands, so that its checks are no own invention', async () => {
    const aws = findExecutable('aws');
    assert.ok(aws, 'aws is not installed');
    const path = join(base, 'file');
    await writeFile(path, randomBytes(9 * MIB));
    const command = [aws, 's3', 'cp', '--only-show-errors', '--endpoint-url', server.endpoint, path, `s3://${BUCKET}/by aws`];
    const extra = { PATH: process.env['PATH'], AWS_DEFAULT_REGION: 'us-east-1', AWS_REQUEST_CHECKSUM_CALCULATION: 'when_required' };
    const { code, stderr } = await callCommand(command, { env: { ...env, ...extra } });
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(server.objects.get('by aws')?.bytes.length, 9 * MIB);
    const wrong = { ...env, ...extra, AWS_SECRET_ACCESS_KEY: 'of/nobody' };
    assert.match((await callCommand(command, { env: wrong })).stderr, /SignatureDoesNotMatch/);
  });
});
