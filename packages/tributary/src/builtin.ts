import type { Factory } from '@tributary/core';
import { attributesProcessor } from '@tributary/processor-attributes';
