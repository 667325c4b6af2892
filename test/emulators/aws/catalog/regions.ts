/** A region of the account. */
export interface RegionSpec {
  readonly name: string;
  readonly optIn: 'opt-in-not-required' | 'opted-in' | 'not-opted-in';
  /** The name that the price list uses. */
  readonly location: string;
  readonly zones: readonly string[];
  /** By how much everything costs more than in us-east-1. */
  readonly factor: number;
  /** Types that no zone of it has. */
  readonly without: readonly string[];
  /** Types that only these zones have. */
  readonly only: Readonly<Record<string, readonly string[]>>;
}

/** Regions as the account sees them; one is not enabled. */
export const REGIONS: readonly RegionSpec[] = [
  {
    name: 'us-east-1',
    optIn: 'opt-in-not-required',
    location: 'US East (N. Virginia)',
    zones: ['us-east-1a', 'us-east-1b', 'us-east-1c', 'us-east-1d'],
    factor: 1,
    without: [],
    only: { 'p4d.24xlarge': ['us-east-1b', 'us-east-1d'], 'g5.xlarge': ['us-east-1a', 'us-east-1b', 'us-east-1c'] },
  },
  {
    name: 'us-west-2',
    optIn: 'opt-in-not-required',
    location: 'US West (Oregon)',
    zones: ['us-west-2a', 'us-west-2b', 'us-west-2c'],
    factor: 1,
    without: [],
    only: { 'p5.48xlarge': ['us-west-2b'] },
  },
  {
    name: 'eu-central-1',
    optIn: 'opt-in-not-required',
    location: 'EU (Frankfurt)',
    zones: ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'],
    factor: 1.25,
    without: ['p5.48xlarge'],
    only: { 'g5.xlarge': ['eu-central-1a', 'eu-central-1b'] },
  },
  {
    name: 'eu-south-1',
    optIn: 'opted-in',
    location: 'EU (Milan)',
    zones: ['eu-south-1a', 'eu-south-1b'],
    factor: 1.3,
    without: ['p3.2xlarge', 'p4d.24xlarge', 'p5.48xlarge', 'g5g.xlarge', 'g6.xlarge'],
    only: {},
  },
  {
    name: 'af-south-1',
    optIn: 'not-opted-in',
    location: 'Africa (Cape Town)',
    zones: ['af-south-1a'],
    factor: 1.3,
    without: [],
    only: {},
  },
];
