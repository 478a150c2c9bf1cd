/**
 * What is done to files by way of commands: fixed scripts for a POSIX shell with coreutils (or busybox). They are given
 * as `sh -c SCRIPT lockstep ARGUMENT…`, so that nothing is ever put into their text, and content on standard input.
 */

/** Codes that the scripts end with, beyond those that a shell or sudo uses. */
export const codes = {
  missing: 81,
  notAFile: 82,
  denied: 83,
  exists: 84,
  short: 85,
  full: 86,
  notEmpty: 87,
  elsewhere: 88,
} as const;

/** `missing PATH`: nothing is seen there; says whether there is nothing, or nothing to be seen by this user. */
const begin = `set -u
umask 077
missing() {
  p=$1
  while [ ! -e "$p" ] && [ ! -L "$p" ]; do p=\${p%/*}; [ -n "$p" ] || p=/; done
  if [ -d "$p" ] && [ ! -x "$p" ]; then exit ${codes.denied}; fi
  exit ${codes.missing}
}
d=\${1%/*}
[ -n "$d" ] || d=/
`;

/** The directory must be there and let names be given in it. */
const changeable = `[ -d "$d" ] || missing "$d"
[ -w "$d" ] || exit ${codes.denied}
`;

/** `own FILE OWNER GROUP`, where either may be empty. */
const own = `own() {
  case $2,$3 in
    ,) return 0 ;;
    *,) chown -- "$2" "$1" ;;
    *) chown -- "$2:$3" "$1" ;;
  esac || exit ${codes.denied}
}
`;

/** PATH */
export const realpath = `${begin}
[ -e "$1" ] || missing "$1"
readlink -n -f -- "$1"
`;

/** PATH; prints mode (hexadecimal), size, owner, group, a line feed, and what a symbolic link says. */
export const stat = `${begin}
[ -e "$1" ] || [ -L "$1" ] || missing "$1"
stat -c '%f %s %u %g' -- "$1" || exit 1
if [ -L "$1" ]; then readlink -n -- "$1"; fi
`;

/** PATH BYTES; prints no more than BYTES. */
export const read = `${begin}
if [ ! -f "$1" ]; then [ ! -e "$1" ] || exit ${codes.notAFile}; missing "$1"; fi
[ -r "$1" ] || exit ${codes.denied}
exec head -c "$2" -- "$1"
`;

/**
 * PATH BYTES MODE OWNER GROUP KEEP TOKEN, the last four words possibly empty; the content comes on standard input.
 * When the way is lost, the input just ends: what is shorter than announced is never put in place.
 * On a full disk it prints the blocks that are free and their size.
 */
export const write = `${begin}${own}
n=$d/.\${1##*/}.$7
trap 'rm -f -- "$n.tmp" "$n.old"' EXIT
trap 'exit 74' HUP INT TERM
full() { stat -f -c '%a %S' -- "$d"; exit ${codes.full}; }
${changeable}
if [ -L "$1" ] || { [ -e "$1" ] && [ ! -f "$1" ]; }; then exit ${codes.notAFile}; fi
m=$3 o=$4 g=$5
if [ -f "$1" ]; then
  [ -n "$m" ] || m=$(stat -c %a -- "$1") || exit 1
  [ -n "$o" ] || o=$(stat -c %u -- "$1") || exit 1
  [ -n "$g" ] || g=$(stat -c %g -- "$1") || exit 1
fi
set -C
cat > "$n.tmp" || full
set +C
[ "$(stat -c %s -- "$n.tmp")" = "$2" ] || exit ${codes.short}
own "$n.tmp" "$o" "$g"
chmod -- "\${m:-600}" "$n.tmp" || exit ${codes.denied}
sync -- "$n.tmp" || full
same=
if [ -f "$1" ] && [ "$(sha256sum < "$1")" = "$(sha256sum < "$n.tmp")" ]; then same=yes; fi
if [ "$same" ] && [ "$(stat -c '%a %u %g' -- "$1")" = "$(stat -c '%a %u %g' -- "$n.tmp")" ]; then exit 0; fi
if [ "$6" ] && [ ! "$same" ]; then
  if [ -f "$1" ]; then
    ln -- "$1" "$n.old" && mv -fT -- "$n.old" "$1.lockstep-previous" || exit 1
  else
    rm -f -- "$1.lockstep-previous" || exit 1
  fi
fi
mv -fT -- "$n.tmp" "$1" && sync -- "$d"
`;

/** PATH FROM MODE OWNER GROUP TOKEN; owner and group possibly empty. On a full disk as for `write`. */
export const copy = `${begin}${own}
n=$d/.\${1##*/}.$6
trap 'rm -f -- "$n.tmp"' EXIT
trap 'exit 74' HUP INT TERM
full() { stat -f -c '%a %S' -- "$d"; exit ${codes.full}; }
${changeable}
if [ -L "$1" ] || { [ -e "$1" ] && [ ! -f "$1" ]; }; then exit ${codes.notAFile}; fi
if [ ! -f "$2" ]; then [ ! -e "$2" ] || exit ${codes.notAFile}; exit ${codes.missing}; fi
[ -r "$2" ] || exit ${codes.denied}
set -C
cat < "$2" > "$n.tmp" || full
set +C
own "$n.tmp" "$4" "$5"
chmod -- "$3" "$n.tmp" || exit ${codes.denied}
sync -- "$n.tmp" || full
mv -fT -- "$n.tmp" "$1" && sync -- "$d"
`;

/** PATH */
export const restore = `${begin}
k=$1.lockstep-previous
[ -f "$k" ] && [ ! -L "$k" ] || missing "$k"
${changeable}
mv -fT -- "$k" "$1" && sync -- "$d"
`;

/** PATH MODE OWNER GROUP; prints \`made\` when it was not there. */
export const makeDirectory = `${begin}${own}
if [ -L "$1" ] || [ ! -d "$1" ]; then
  if [ -L "$1" ] || [ -e "$1" ]; then exit ${codes.exists}; fi
  ${changeable}
  mkdir -- "$1" || exit 1
  echo made
fi
own "$1" "$3" "$4"
chmod -- "$2" "$1" || exit ${codes.denied}
sync -- "$d"
`;

/** PATH TARGET TOKEN OVER_FILE, which may be empty */
export const symlink = `${begin}
n=$d/.\${1##*/}.$3.tmp
trap 'rm -f -- "$n"' EXIT
trap 'exit 74' HUP INT TERM
if [ ! -L "$1" ] && [ -e "$1" ]; then [ "$4" ] && [ -f "$1" ] || exit ${codes.exists}; fi
${changeable}
ln -s -- "$2" "$n" && mv -fT -- "$n" "$1" && sync -- "$d"
`;

/** PATH RECURSIVE, which may be empty */
export const remove = `${begin}
[ -e "$1" ] || [ -L "$1" ] || missing "$1"
${changeable}
if [ -L "$1" ] || [ ! -d "$1" ]; then
  rm -f -- "$1" || exit 1
elif [ "$2" ]; then
  rm -rf -- "$1" || exit 1
else
  [ -z "$(ls -A -- "$1")" ] || exit ${codes.notEmpty}
  rmdir -- "$1" || exit 1
fi
sync -- "$d"
`;

/** PATH; prints the names in it, each ended by a zero. */
export const list = `${begin}
[ -e "$1" ] || missing "$1"
cd -- "$1" || exit ${codes.denied}
for f in * .[!.]* ..?*; do
  if [ -e "$f" ] || [ -L "$f" ]; then printf '%s\\0' "$f"; fi
done
`;

/** PATH; prints the free blocks, all blocks and their size. */
export const space = `${begin}
[ -e "$1" ] || missing "$1"
stat -f -c '%a %b %S' -- "$1"
`;

/** `mounted PATH`: the number of the mount that holds it; a bind mount has the device of what it shows. */
const mounted = `mounted() {
  n=-1 b=
  while read -r i _ _ _ m _; do
    case $m in *\\\\*) m=$(printf '%b.' "$m"); m=\${m%.} ;; esac
    [ "$m" != / ] || m=
    case $1/ in "$m"/*) if [ \${#m} -ge $n ]; then n=\${#m} b=$i; fi ;; esac
  done
  echo "$b"
}
`;

/** `apart PATH DIRECTORY`: whether no rename leads from the one into the other. */
const apart = `${mounted}apart() {
  [ "$(stat -c %d -- "$1")" = "$(stat -c %d -- "$2")" ] || return 0
  [ -r /proc/self/mountinfo ] || return 1
  [ "$(mounted "$1" < /proc/self/mountinfo)" != "$(mounted "$2" < /proc/self/mountinfo)" ]
}
`;

/** PATH; prints `yes` where it can get another name beside its own. */
export const movable = `${begin}${apart}
[ -e "$1" ] || [ -L "$1" ] || missing "$1"
apart "$1" "$d" || echo yes
`;

/**
 * PATH TO, where nothing stands yet. Where it cannot be a rename mv would copy, for hours, and what it leaves when it
 * breaks is neither here nor there: what is mounted elsewhere, or is itself mounted, is refused before.
 */
export const move = `${begin}${apart}
[ -e "$1" ] || [ -L "$1" ] || missing "$1"
if [ -e "$2" ] || [ -L "$2" ]; then exit ${codes.exists}; fi
t=\${2%/*}
[ -n "$t" ] || t=/
[ -d "$t" ] || exit ${codes.missing}
if [ ! -w "$d" ] || [ ! -w "$t" ]; then exit ${codes.denied}; fi
if apart "$1" "$t"; then exit ${codes.elsewhere}; fi
mv -T -- "$1" "$2" || exit 1
sync -- "$t" || exit 1
`;
