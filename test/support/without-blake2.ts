import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

// Loaded before all else, also by threads: a host built like the desktop VS Code.

const real = { createHash: crypto.createHash, getHashes: crypto.getHashes, hash: crypto.hash };

function refuse(name: string): void {
  if (/blake/iu.test(name)) throw new Error('Digest method not supported');
}

Object.assign(crypto, {
  createHash: (...args: Parameters<typeof real.createHash>) => {
    refuse(args[0]);
    return real.createHash(...args);
  },
  hash: (...args: Parameters<typeof real.hash>) => {
    refuse(args[0]);
    return real.hash(...args);
  },
  getHashes: () => real.getHashes().filter((name) => !/blake/iu.test(name)),
});
syncBuiltinESMExports();
