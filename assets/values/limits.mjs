/** How much one map can hold. */

/** Spots: the number of one takes 24 bits of a pixel of the index map, and 0 is none. */
export const MOST_SPOTS = 2 ** 24 - 2;
