// Readable random names: rooms are colours and birds, people are instruments.

const roomColors = [
  'amber',
  'ivory',
  'indigo',
  'scarlet',
  'silver',
  'copper',
  'violet',
  'golden',
  'coral',
  'jade',
  'azure',
  'russet',
];
const roomBirds = [
  'heron',
  'lark',
  'wren',
  'finch',
  'thrush',
  'linnet',
  'oriole',
  'plover',
  'swift',
  'curlew',
  'robin',
  'starling',
];
const moods = [
  'Bright',
  'Calm',
  'Gentle',
  'Merry',
  'Quiet',
  'Warm',
  'Swift',
  'Bold',
  'Mellow',
  'Clear',
  'Lively',
  'Tender',
];
const instruments = [
  'Oboe',
  'Cello',
  'Viola',
  'Flute',
  'Harp',
  'Horn',
  'Lute',
  'Clarinet',
  'Bassoon',
  'Celesta',
  'Piccolo',
  'Timpani',
];

// Middle tones: white text on them is readable, and they show on light and on dark paper.
export const peopleColors = [
  '#b4552d',
  '#3d7a5a',
  '#3a6ea5',
  '#8a5aa8',
  '#b0456b',
  '#8a6d1f',
  '#2f7f86',
  '#5d63b8',
] as const;

export function pick<T>(list: readonly T[]): T {
  const random = crypto.getRandomValues(new Uint32Array(1))[0]!;
  return list[random % list.length]!;
}

// The end makes a collision of two strangers unlikely; a room name is still no secret.
export function randomRoomName(): string {
  const end = Array.from({ length: 4 }, () => pick([...'23456789abcdefghjkmnpqrstuvwxyz'])).join('');
  return `${pick(roomColors)}-${pick(roomBirds)}-${end}`;
}

export function randomPersonName(): string {
  return `${pick(moods)} ${pick(instruments)}`;
}

export function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  return (
    words
      .slice(0, 2)
      .map((word) => [...word][0]!.toUpperCase())
      .join('') || '?'
  );
}
