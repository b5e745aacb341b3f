/** Where the bench's connection servers listen, in a network namespace of the bench. */
export const CONNECTION_PORTS: readonly number[] = [7070, 7073];
