import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** Ends a test run with how many tests ran, and names each that was skipped with its reason. */
export class SkippedReporter implements Reporter {
  readonly #skipped = new Map<string, string[]>();
  #ran = 0;

  onTestCaseResult(test: TestCase): void {
    const result = test.result();
    if (result.state !== 'skipped') {
      this.#ran += 1;
      return;
    }
    const reason = result.note ?? 'no reason given';
    const names = this.#skipped.get(reason) ?? [];
    names.push(`${test.module.relativeModuleId}: ${test.fullName}`);
    this.#skipped.set(reason, names);
  }

  onTestRunEnd(_modules: readonly TestModule[]): void {
    const skipped = [...this.#skipped.values()].reduce((count, names) => count + names.length, 0);
    process.stdout.write(`\n${this.#ran} tests ran, ${skipped} were skipped${skipped === 0 ? '' : ':'}\n`);
    for (const [reason, names] of this.#skipped) {
      process.stdout.write(`  ${reason}\n`);
      for (const name of names) process.stdout.write(`    ${name}\n`);
    }
  }
}
