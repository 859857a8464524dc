const HASH_BYTES = 32;

/** Hashes in one growing block: a million of them take 32 MB. */
export class LeafList {
  private block = Buffer.alloc(HASH_BYTES * 1024);
  count = 0;

  push(hash: Uint8Array): void {
    this.makeRoom();
    this.block.set(hash, this.count * HASH_BYTES);
    this.count += 1;
  }

  /** 64 characters of hex. */
  pushHex(hash: string): void {
    this.makeRoom();
    this.block.write(hash, this.count * HASH_BYTES, 'hex');
    this.count += 1;
  }

  at(index: number): Buffer {
    return this.block.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
  }

  private makeRoom(): void {
    if (this.count * HASH_BYTES < this.block.length) return;
    this.block = Buffer.concat([this.block, Buffer.alloc(this.block.length)]);
  }
}
