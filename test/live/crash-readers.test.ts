import { crashGroups } from './crash-groups.js';
import { crashMatrix } from './crash-matrix.js';

await crashMatrix(crashGroups.readers);
