// A file system that is really small, for tests that fill it. Only root may mount one; `kMountable` says whether we may.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './server.mjs';

export const kMountable = process.getuid() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0;

const mounted = new Set();
process.prependListener('exit', () => { for (const disk of mounted) disk.close(); });

export class SmallDisk {
  constructor(bytes) {
    const parent = temporaryFolder();
    this.folder = join(parent, 'mount');
    mkdirSync(this.folder);
    execFileSync('chmod', ['755', parent]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=755`, 'none', this.folder]);
    this.bytes = bytes;
    mounted.add(this);
  }

  get ballast() { return join(this.folder, 'ballast'); }

  // Leaves nothing but the odd block.
  fill() {
    for (let size = this.bytes; size >= 4096; size /= 2) {
      for (;;) {
        try {
          writeFileSync(this.ballast, Buffer.alloc(size), { flag: 'a' });
        } catch {
          break;
        }
      }
    }
  }

  free() { rmSync(this.ballast, { force: true }); }

  close() {
    if (mounted.delete(this)) execFileSync('umount', ['-l', this.folder]);
  }
}
