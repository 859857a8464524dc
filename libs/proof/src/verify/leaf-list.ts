const HASH_BYTES = 32;

/** Hashes in one growing block: a million of them take 32 MB. */
export class LeafList {
  private block = Buffer.alloc(HASH_BYTES * 1024);
  count = 0;

  push(hash: Uint8Array): void {
    const start = this.count * HASH_BYTES;
    if (start === this.block.length) this.block = Buffer.concat([this.block, Buffer.alloc(this.block.length)]);
    this.block.set(hash, start);
    this.count += 1;
  }

  at(index: number): Buffer {
    return this.block.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
  }
}
