/** Name of the file at the top of a workspace folder. */
export const CONFIG_FILE_NAME = '.runctl.toml';
