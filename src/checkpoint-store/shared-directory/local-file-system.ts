import { statfsSync } from "node:fs";

/** What `statfs` calls file systems on disks and in memory of a machine's own. */
const names: { readonly [type: number]: string } = {
  61267: "ext4",
  1481003842: "xfs",
  2435016766: "btrfs",
  801189825: "zfs",
  16914836: "tmpfs",
  2035054128: "overlayfs",
};

/**
 * The name of the file system that a directory is on, if it is one that only this machine has;
 * others see it only if it is shared with them.
 */
export function localFileSystem(directory: string): string | undefined {
  return names[statfsSync(directory).type];
}
