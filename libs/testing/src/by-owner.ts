/** An author of changes, where it does not matter who it is. */
export const BY_OWNER = { actor: 'owner', requestId: 'test' } as const;
