/** What every plugin is held to. The keys are what `exceptions` names. */
export const CONFORMANCE_RULES = {
  'type-matches-package': 'the type is snake case and the package is named after it',
  'defaults-validate': 'the empty block is valid, but for the settings that are declared to be required',
  'unknown-keys-refused': 'every block refuses unknown keys',
  'fields-described': 'every setting is described',
  'shutdown-without-start': 'shutdown without start is harmless',
  'runs-twice': 'starts, consumes and shuts down, twice with fresh instances',
  'second-shutdown': 'a second shutdown is harmless',
  'data-not-edited': 'the bytes stay as they are, and the batch too unless mutatesData says otherwise',
  'refuses-after-shutdown': 'consume after the shutdown refuses with SHUTDOWN',
  'nothing-left': 'no timer and no handle is left after the shutdown',
  'acknowledged-not-lost': 'what clients are told is what became of their data',
} as const;

/** One of the rules. */
export type ConformanceRule = keyof typeof CONFORMANCE_RULES;
