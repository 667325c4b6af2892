// What is done on a machine by hand: loaded with the first of these commands.
export { checkMachine } from './doctor.ts';
export { downloadFiles, downloadRunFiles } from './download-files.ts';
export { forwardPort, showForwardedPorts } from './forward-port.ts';
export { openMachineTerminal } from './machine-terminal.ts';
export { openRemoteSsh } from './open-remote-ssh.ts';
export { forgetMachine } from './forget-machine.ts';
export { forgetPassphrases } from './forget-passphrases.ts';
export { copyPublicKey, installKey, removeKey } from './own-key.ts';
export { removeOwnKeyFile } from './own-key-file.ts';
export { uploadFiles } from './upload-files.ts';
