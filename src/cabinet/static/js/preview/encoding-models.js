/* What texts look like in each of their encodings: how well the characters that an encoding makes of some bytes
   fit the languages that are written in it.

   A model gives every character beyond ASCII a mark, by what it is and by what stands beside it; the mean of them
   is about 0.5 for a text that is read right, and below 0 for one that is not.

   Rule: knows characters and no bytes. */

// The letters of Russian by how often they come, in parts of 1000; those of its neighbours count as one in a hundred.
const LETTERS = new Map(
  Object.entries({
    о: 110,
    е: 85,
    а: 80,
    и: 73,
    н: 67,
    т: 63,
    с: 55,
    р: 47,
    в: 45,
    л: 44,
    к: 35,
    м: 32,
    д: 30,
    п: 28,
    у: 26,
    я: 20,
    ы: 19,
    ь: 17,
    г: 17,
    з: 16,
    б: 16,
    ч: 14,
    й: 12,
    х: 10,
    ж: 9,
    ш: 7,
    ю: 6,
    ц: 5,
    щ: 4,
    э: 3,
    ф: 3,
    ъ: 1,
    ё: 1,
    і: 10,
    ї: 5,
    є: 5,
    ґ: 1,
    ў: 5,
    ј: 5,
    љ: 2,
    њ: 2,
    ђ: 1,
    ћ: 2,
    џ: 1,
  }).map(([letter, share]) => [letter, Math.log((share / 1000) * 32)]),
);
// The pairs that make up nearly a half of all.
const PAIRS = new Set(
  (
    "ст но то на ен ов ни ра во ко по пр ро ос ер ре ет го не ль ом он ат ли ка та ва ал ор ел ло ла те ти от ес де " +
    "ин ан ам ть ия ие ый ая ом ит ки ил ол ме мо об од ой их ев ве ви да до за из ма ми му ск та сл ся тр ны на ог"
  ).split(" "),
);
const CYRILLIC_SIGNS = new Set("«»—–…№“”„‘’°§©®·•\u00a0");
const WESTERN_SIGNS = new Set("«»—–…“”„‘’°§£€©®™·•¿¡µ±×÷¼½¾²³¹ºª¬¥¢\u00a0");
const RARE_IN_THE_WEST = new Set("þðý");
// Of Polish, Czech, Slovak, Hungarian, Croatian, Slovene and Romanian.
const CENTRAL_LETTERS = new Set("áâăäąćčçďđéęëěíîłľĺńňóôőöŕřśšşťţúůűüýźżžß");

// The signs that make up half of what is written in each of these.
const HAN =
  "的一是不了在人有我他中大上和地到以要就出可也你生能而子那得于下自之年作里用道行所然家成方多如都同起看定天分好小" +
  "部其些主理心本前但因只从想日意无力與长把十民第公此已工使情明性知全三又点正外高由很最重手文体等新己西月加回名系" +
  "今元件社会文字符号市区目";
const SIMPLIFIED =
  "们这个来为国说时对会着过发后种事经么去法学现当没动面还进样开实军者它机关业将两间问并应战头见";
const TRADITIONAL =
  "們這個來為國說時對會著過發後種事經麼去法學現當沒動面還進樣開實軍者它機關業將兩間問並應戰頭見從無長點體與";
const KANJI =
  "日一国人年大十二本中長出三同時政事自行社見月分議後前民生連五発間対上部東者党地合市業内相方四定今回新場金員九入" +
  "選立開手力米学問高代明実関決子動京全目表戦経通外最言氏現理調体化田当八六約主題下首意法不来作性的要用制治度務強" +
  "気小七成期公野取都和世家話世文字書語電車天私何";
const HANGUL =
  "이다는의에을가고하지한은로기사나를도자어서리인그대있시해정아수스일보장상부전라들제것주구유여만과요니없었러간게내" +
  "동우진공원성선미영면비와으관계국생소안경학모연치방개년회마음물각습합문입글말오저조적날씨녕세계";

/** What gives a character a mark, by those beside it, which are none at an end.
    @typedef {(char: string, before?: string, after?: string) => number} Model */

/** @type {(char: string) => boolean} */
const isAscii = (char) => char < "\u0080";
/** @type {(char?: string) => boolean} */
const isLatin = (char) => /[A-Za-z]/.test(char ?? "");
/** @type {(char?: string) => boolean} */
const isLetter = (char) => /\p{L}/u.test(char ?? "");
/** @type {(char?: string) => boolean} */
const isUpper = (char) => char !== char?.toLowerCase();
// What no text has: what could not be read, what is nobody's, and control characters.
/** @type {(char: string) => boolean} */
const isWrong = (char) => /[\ufffd\u0080-\u009f\p{Co}\p{Cn}]/u.test(char);

/** Mark Cyrillic by its letters and pairs; capitals stand at the beginning of a word, or make it up.
    @type {Model} */
function cyrillic(char, before, after) {
  // No sign stands in the middle of a word but an apostrophe.
  if (CYRILLIC_SIGNS.has(char)) {
    return isLetter(before) && isLetter(after) && char !== "’" ? -2 : 0;
  }
  // The lines of a table stand among themselves.
  if (/[\u2500-\u259f]/.test(char)) {
    return isLetter(before) || isLetter(after) ? -2 : -0.3;
  }
  const share = LETTERS.get(char.toLowerCase());
  if (share === undefined) {
    return -2;
  }
  if (isLatin(before) || isLatin(after)) {
    return -1.5;
  }
  const isAfterLetter = isLetter(before);
  const odd = isUpper(char) && isAfterLetter ? (isUpper(before) ? 0.25 : 2) : 0;
  const isPair = isAfterLetter && PAIRS.has(`${before}${char}`.toLowerCase());
  return share + (isPair ? 0.5 : 0) - odd;
}

/** Mark Latin letters with signs of their own: one here and there in words of plain ones.
    @type {(isKnown: (char: string) => boolean) => Model} */
function latin(isKnown) {
  return (char, before, after) => {
    // They stand beside plain letters and digits; among themselves they are the letters of somebody else.
    if (WESTERN_SIGNS.has(char)) {
      return [before, after].every((beside) => beside && !isAscii(beside)) ? -1 : 0.3;
    }
    if (!isLetter(char) || !isKnown(char.toLowerCase())) {
      return -1;
    }
    // Capitals begin a word, or make it up.
    const isOdd = isUpper(char) ? isLetter(before) && !isUpper(before) : isLetter(after) && isUpper(after);
    if (isOdd) {
      return -1;
    }
    const isInWord = isLatin(before) || isLatin(after);
    const isAlone = !isLetter(before) && !isLetter(after);
    return isInWord ? 1 : isAlone ? 0.3 : -0.5;
  };
}

const western = latin((char) => /[ßà-ÿœšž]/.test(char) && !RARE_IN_THE_WEST.has(char));
const central = latin((char) => CENTRAL_LETTERS.has(char));

/** Mark signs of East Asia: `kinds` gives what comes first of those that fit.
    @type {(kinds: [{ has: (char: string) => boolean }, number][]) => Model} */
function eastern(kinds) {
  return (char, before, after) => {
    // In the middle of a plain word it is half a letter with the next.
    if (isLatin(before) && isLatin(after)) {
      return -1;
    }
    if (/[\u3000-\u3003\u3005-\u3011\uff01-\uff5e「」『』“”‘’…—·〜～]/.test(char)) {
      return 0.5;
    }
    return kinds.find(([kind]) => kind.has(char))?.[1] ?? -1;
  };
}

/** The characters that an expression fits, to be asked as a set is.
    @type {(pattern: RegExp) => { has: (char: string) => boolean }} */
const matching = (pattern) => ({ has: (char) => pattern.test(char) });

const CJK = /[\u4e00-\u9fff]/;
const KANA = /[\u3041-\u3096\u30a1-\u30fe]/;
// What other encodings often seem to be.
const NARROW_KANA = /[\uff66-\uff9f]/;

/** @type {Record<string, Model>} */
const MODELS = {
  cyrillic,
  western,
  central,
  japanese: eastern([
    [matching(KANA), 1],
    [new Set(KANJI), 0.8],
    [matching(CJK), 0],
    [matching(NARROW_KANA), -0.3],
  ]),
  simplified: eastern([
    [new Set(HAN + SIMPLIFIED), 1.2],
    [matching(CJK), -0.1],
  ]),
  traditional: eastern([
    [new Set(HAN + TRADITIONAL), 1.2],
    [matching(CJK), -0.1],
  ]),
  korean: eastern([
    [new Set(HANGUL), 1.2],
    [matching(/[\uac00-\ud7a3]/), -0.1],
  ]),
};

/** Return how well a text fits a model; of a text in plain ASCII it is 0.
    @type {(text: string, model: string) => number} */
export function fit(text, model) {
  const chars = [...text];
  const mark = MODELS[model];
  let [sum, count] = [0, 0];
  chars.forEach((char, index) => {
    if (!isAscii(char)) {
      count += 1;
      sum += isWrong(char) ? -3 : mark(char, chars[index - 1], chars[index + 1]);
    }
  });
  return count ? sum / count : 0;
}
