// What the first moment does not need, behind one dynamic import: the host
// resolves every module of an extension one by one, so activation loads few.
export { startEngine } from '../engine.ts';
export { writeNewFile } from '../core/new-file.ts';
export { localPlatform } from '../providers/local/local-platform.ts';
export { LOCAL_MACHINE } from '../providers/local/local-provider.ts';
export { commandLine } from '../training/command-line.ts';
export { findPython } from '../training/find-python.ts';
export { keptFolders } from '../training/placement.ts';
export { profileSending, scriptOf } from '../training/profile-sending.ts';
export { planAgain, planProfile, planScript } from '../training/launch-plan.ts';
export { feedLogChannel } from '../training/log/log-channel-feed.ts';
export { PART_BYTES, partCount } from '../training/log/log-parts.ts';
export { logGone, MaskedLog } from '../training/log/masked-log.ts';
export { feedLogTerminal } from '../training/log/terminal-feed.ts';
export { remotePython } from '../training/remote-dependencies.ts';
export { setupKey } from '../training/setup-key.ts';
export { ignoreLine, secretFiles } from '../sync/secret-files.ts';
export { KnownBuckets } from '../storage/known-buckets.ts';
export { endpointOf, storeSecretNames, storeSecrets } from '../storage/store-endpoints.ts';
export { surveyOf } from '../sync/survey.ts';
export { syncText } from '../sync/sync-text.ts';
export { openDashboard } from './dashboard/register.ts';
export { registerFeatures } from './features.ts';
