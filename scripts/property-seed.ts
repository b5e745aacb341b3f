/**
 * Property tests draw the same examples in every run, so that a red build is the fault of the change that it was built
 * from. `PROPERTY_SEED=random` (or a number) searches elsewhere; what is found there becomes a test of its own.
 */
import fc from 'fast-check';

const wanted = process.env['PROPERTY_SEED'] ?? '20251122';
if (wanted !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(wanted) });
