import { statfsSync } from "node:fs";

/** The numbers that `statfs` gives for file systems on local disks and in memory. */
const names: { readonly [type: number]: string } = {
  61267: "ext4",
  1481003842: "xfs",
  2435016766: "btrfs",
  801189825: "zfs",
  16914836: "tmpfs",
  2035054128: "overlayfs",
};

/**
 * The name of a directory's file system, if it is a local one. Other machines see the directory
 * only if it is shared with them.
 */
export function localFileSystem(directory: string): string | undefined {
  return names[statfsSync(directory).type];
}
