import { ACTIVATIONS } from '@kfac/core';
import { z } from 'zod';
import { ansatzSchema } from './ansatz.ts';
import { CONDITION_LIMITS, conditionSchema } from './condition-spec.ts';
import { constraintSchema } from './constraints.ts';
import { curriculumSchema } from './curriculum/spec.ts';
import { embeddingSchema } from './embedding.ts';
import { equationSchema } from './equation-spec.ts';
import { MAX_TEXT } from './equation/gate.ts';
import { optimizerSchema } from './optimizer-spec.ts';
import { geometrySchema } from './geometry/shape-spec.ts';
import { NETWORK_TYPES } from './network.ts';
import { adaptiveSamplingSchema } from './sampling/adaptive-spec.ts';
import { regionsSchema } from './regions/region-spec.ts';
import { referenceSchema } from './references/reference.ts';
import { SAMPLING_METHODS } from './sampling/methods.ts';
import type { SavedNetwork } from './saved-network.ts';
import { scalarSchema } from './scalars.ts';
import { knownSchema } from './known-spec.ts';
import { section } from './section.ts';
import { adaptiveWeightsSchema, pointwiseWeightsSchema } from './weights/spec.ts';

/** Sizes beyond which a problem is refused with `KFAC_LIMIT`. */
export const LIMITS = {
  coordinates: 100,
  unknowns: 16,
  constants: 64,
  parameters: 64,
  equations: 32,
  conditions: CONDITION_LIMITS.conditions,
  constraints: 16,
  known: 16,
  layers: 16,
  width: 4096,
  points: 1_000_000,
  steps: 100_000_000,
  seconds: 1_000_000,
  /** Working memory in bytes. */
  bytes: 8 * 2 ** 30,
} as const;

/** Pointers of the fields whose upper bound is a limit on size rather than a question of meaning. */
export const SIZES =
  /^\/(domain|geometry|regions|constants|parameters|equations|conditions|constraints|unknowns|networks?|sampling|stop|exact|errorsWithin|curriculum|known)(\/|$)/;

const name = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9]{0,31}$/,
    'expected a name of letters and digits, at most 32 long, that begins with a letter',
  );
const constantName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'expected a name of letters, digits and _ that begins with a letter');
const text = z.string().min(1).max(MAX_TEXT);
const interval = z.tuple([z.number(), z.number()]).describe('Lower and upper end');
const points = z.int().min(1).max(LIMITS.points);

const exactSchema = z.union([text.describe('An expression in the coordinates and constants'), referenceSchema]);

/** What any network has. */
const networkFields = {
  type: z
    .enum(NETWORK_TYPES)
    .default('mlp')
    .describe(
      'gated: each hidden layer mixes two encoders of the coordinates; residual-gated: blocks of three hidden layers that start as the identity; both: all hidden layers have one width',
    ),
  hidden: z
    .array(z.int().min(1).max(LIMITS.width))
    .min(1)
    .max(LIMITS.layers)
    .default([64])
    .describe('Widths of the hidden layers'),
  activation: z
    .enum(ACTIVATIONS)
    .default('tanh')
    .describe('Of the hidden layers; gelu is a*Phi(a), gaussian exp(-a^2/2), softplus log(1 + exp(a))'),
  embedding: embeddingSchema.optional(),
  firstLayerScale: z
    .number()
    .positive()
    .max(1000)
    .default(1)
    .describe('Factor on the initial weights and biases of the first layer: larger is steeper'),
  weights: z
    .enum(['plain', 'factorised'])
    .default('plain')
    .describe('How weights are trained: as they are, or each neuron by a factor e^p times weights of its own'),
  slopes: z
    .enum(['fixed', 'layer', 'neuron'])
    .default('fixed')
    .describe('Slopes p of the activation psi(p*a): 1, or trained, one for each hidden layer or each hidden neuron'),
};

const networkSchema = section({
  ...networkFields,
  type: z
    .enum([...NETWORK_TYPES, 'separable', 'deeponet'])
    .default('mlp')
    .describe(
      'gated: each hidden layer mixes two encoders of the coordinates; residual-gated: blocks of three hidden layers that start as the identity; both: all hidden layers have one width. separable and deeponet: sums of products of networks, of one coordinate each, or of trunk and branch',
    ),
  rank: z
    .int()
    .min(1)
    .max(LIMITS.width)
    .optional()
    .describe('Number of products of a separable network or a deeponet; 32 by default'),
  branch: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('The coordinates of a deeponet that tell the members of a family of problems apart'),
  lastLayer: z
    .enum(['random', 'least-squares'])
    .default('random')
    .describe('How the last layer starts; least-squares: fitted to the equation and its conditions'),
});

const ownNetworkSchema = section({
  coordinates: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('Those that the unknown depends on, such as ["x"] for k(x); all by default'),
  ...networkFields,
}).describe('The network of one unknown alone');

export type OwnNetworkSpec = z.output<typeof ownNetworkSchema>;

const samplingSchema = section({
  interior: points.default(3000).describe('Collocation points inside the domain'),
  conditions: points.default(600).describe('Points of all conditions together, split by measure, at least one a place'),
  method: z
    .enum(SAMPLING_METHODS)
    .default('sobol')
    .describe('How points are spread, inside as on the conditions; a grid is always the same points'),
  resampleEvery: z.int().min(0).max(LIMITS.steps).default(0).describe('New points every so many steps; 0: never'),
  adaptive: adaptiveSamplingSchema.optional().describe('Points inside that follow the residual; their number stays'),
  freezeAfter: z.int().min(1).max(LIMITS.steps).optional().describe('Step after which no new points come'),
});

const weightsSchema = section({
  interior: z
    .union([z.number().positive(), z.array(z.number().positive()).min(1).max(LIMITS.equations)])
    .optional()
    .describe('Of every equation, or of each one; 0.1 for Gauss-Newton, 1 otherwise'),
  conditions: z.number().positive().default(1),
  adaptive: adaptiveWeightsSchema
    .optional()
    .describe('Weights of equations and of each condition follow the training, within a factor 1000 of their start'),
  pointwise: pointwiseWeightsSchema.optional().describe('A weight for each point that follows the training'),
  freezeAfter: z
    .int()
    .min(1)
    .max(LIMITS.steps)
    .optional()
    .describe('Step after which weights stay; for sa in a chain the end of its first Adam phases'),
  data: z.number().positive().optional().describe('Of the measured data, all together; 1 by default'),
  constraints: z.number().positive().optional().describe('Of the mean square of all integral constraints; 1'),
});

const stopSchema = section({
  steps: z.int().min(1).max(LIMITS.steps).optional(),
  seconds: z.number().positive().max(LIMITS.seconds).optional(),
  loss: z.number().positive().optional(),
  relativeL2: z.number().positive().optional().describe('Of every unknown; needs exact solutions'),
}).describe('Whichever is met first; given criteria alone apply');

/** Stop rules of a specification that names none. */
const DEFAULT_STOP = { steps: 1000, seconds: 60, loss: 1e-28, relativeL2: 1e-10 } as const;

/**
 * A differential equation with its conditions and how to solve it: the one source of the JSON for library, command
 * line, REST and forms. Structure only: names, texts and places are checked by `parsePinnSpec`.
 */
export const pinnSpecSchema = section({
  domain: z.record(name, interval).describe('Coordinates with their intervals; a coordinate t is time'),
  geometry: geometrySchema.optional(),
  regions: regionsSchema.optional(),
  unknowns: z.array(name).min(1).max(LIMITS.unknowns).default(['u']).describe('One output of a network for each'),
  constants: z.record(constantName, z.number()).default({}),
  parameters: z
    .record(constantName, scalarSchema)
    .optional()
    .describe('Unknown numbers by name, found along with the solution; any equation or condition may use them'),
  known: z
    .record(name, knownSchema)
    .optional()
    .describe('Functions by name: solutions trained before; any equation, condition or constraint may use them'),
  equations: z
    .array(equationSchema)
    .min(1)
    .max(LIMITS.equations)
    .describe(
      'Equations in the unknowns, their derivatives up to order 4, coordinates, constants and parameters; as text, or with the part of the domain in which it holds',
    ),
  conditions: z
    .array(conditionSchema)
    .max(LIMITS.conditions)
    .describe('Conditions on places, periodicity, measured data; may be empty with an ansatz'),
  ansatz: ansatzSchema.optional(),
  constraints: z
    .array(constraintSchema)
    .max(LIMITS.constraints)
    .optional()
    .describe('Integrals over the whole domain with prescribed values'),
  exact: z.record(name, exactSchema).optional().describe('Exact solution of every unknown, for reported errors'),
  errorsWithin: z
    .record(name, interval)
    .optional()
    .describe('Intervals of some coordinates: errors are measured on this part of the domain'),
  network: networkSchema.prefault({}),
  networks: z
    .record(name, ownNetworkSchema)
    .optional()
    .describe('Networks of their own for some unknowns, such as coefficients; the others share network'),
  sampling: samplingSchema.prefault({}),
  weights: weightsSchema.prefault({}),
  optimizer: optimizerSchema.prefault({ name: 'auto' }),
  stop: stopSchema.default(DEFAULT_STOP),
  curriculum: curriculumSchema.optional(),
  precision: z.enum(['f64', 'f32']).default('f64'),
  seed: z.int().min(0).default(1),
}).describe('A differential equation, or a system of several, of order at most 4 and how to solve it');

/** What a user writes: everything with a default may be missing. */
export type PinnSpecInput = Omit<z.input<typeof pinnSpecSchema>, 'known'> & {
  known?: Record<string, { network: SavedNetwork; unknown?: string }> | undefined;
};

type Parsed = z.output<typeof pinnSpecSchema>;
/** The effective specification: every default filled in. */
export type PinnSpec = Omit<Parsed, 'weights'> & { weights: Parsed['weights'] & { interior: number | number[] } };
export type ParsedSpec = Parsed;
