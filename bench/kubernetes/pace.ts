/** The rate of changes for which the target of CPU time is stated. */
export const CHANGES_A_SECOND = 1000;
