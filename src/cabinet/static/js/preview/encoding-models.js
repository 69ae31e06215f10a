/* Models of text in each encoding: how well decoded characters fit the languages written in that encoding.

   A model scores every non-ASCII character by itself and by its neighbors; the mean is about 0.5 for correctly
   decoded text, and below 0 for other text.

   Rule: knows characters, not bytes. */

// Letter frequencies of Russian, per thousand; other Cyrillic letters count as one percent.
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
// The bigrams that make up nearly half of all.
const PAIRS = new Set(
  (
    "ст но то на ен ов ни ра во ко по пр ро ос ер ре ет го не ль ом он ат ли ка та ва ал ор ел ло ла те ти от ес де " +
    "ин ан ам ть ия ие ый ая ом ит ки ил ол ме мо об од ой их ев ве ви да до за из ма ми му ск та сл ся тр ны на ог"
  ).split(" "),
);
const CYRILLIC_SIGNS = new Set("«»—–…№“”„‘’°§©®·•\u00a0");
const WESTERN_SIGNS = new Set("«»—–…“”„‘’°§£€©®™·•¿¡µ±×÷¼½¾²³¹ºª¬¥¢\u00a0");
const RARE_IN_THE_WEST = new Set("þðý");
// The letters of Polish, Czech, Slovak, Hungarian, Croatian, Slovene and Romanian.
const CENTRAL_LETTERS = new Set("áâăäąćčçďđéęëěíîłľĺńňóôőöŕřśšşťţúůűüýźżžß");

// The characters that make up half of the text in each of these.
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

/** Scores a character, given its neighbors, which are undefined at the ends.
    @typedef {(char: string, before?: string, after?: string) => number} Model */

/** @type {(char: string) => boolean} */
const isAscii = (char) => char < "\u0080";
/** @type {(char?: string) => boolean} */
const isLatin = (char) => /[A-Za-z]/.test(char ?? "");
/** @type {(char?: string) => boolean} */
const isLetter = (char) => /\p{L}/u.test(char ?? "");
/** @type {(char?: string) => boolean} */
const isUpper = (char) => char !== char?.toLowerCase();
// Characters that do not occur in text: replacement, private use, unassigned and control characters.
/** @type {(char: string) => boolean} */
const isWrong = (char) => /[\ufffd\u0080-\u009f\p{Co}\p{Cn}]/u.test(char);

/** Score Cyrillic by letters and bigrams; capitals start a word or make it up.
    @type {Model} */
function cyrillic(char, before, after) {
  // Only an apostrophe occurs inside a word.
  if (CYRILLIC_SIGNS.has(char)) {
    return isLetter(before) && isLetter(after) && char !== "’" ? -2 : 0;
  }
  // Box drawing characters occur next to each other.
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

/** Score accented Latin letters, which occur among plain ones.
    @type {(isKnown: (char: string) => boolean) => Model} */
function latin(isKnown) {
  return (char, before, after) => {
    // Punctuation occurs next to plain letters and digits; a run of it is a sign of another encoding.
    if (WESTERN_SIGNS.has(char)) {
      return [before, after].every((beside) => beside && !isAscii(beside)) ? -1 : 0.3;
    }
    if (!isLetter(char) || !isKnown(char.toLowerCase())) {
      return -1;
    }
    // Capitals start a word or make it up.
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

/** Score East Asian characters: `kinds` lists sets with their scores, the first match counts.
    @type {(kinds: [{ has: (char: string) => boolean }, number][]) => Model} */
function eastern(kinds) {
  return (char, before, after) => {
    // Inside a Latin word it is half of a letter, merged with the next byte.
    if (isLatin(before) && isLatin(after)) {
      return -1;
    }
    if (/[\u3000-\u3003\u3005-\u3011\uff01-\uff5e「」『』“”‘’…—·〜～]/.test(char)) {
      return 0.5;
    }
    return kinds.find(([kind]) => kind.has(char))?.[1] ?? -1;
  };
}

/** Return a set-like object of the characters that match a pattern.
    @type {(pattern: RegExp) => { has: (char: string) => boolean }} */
const matching = (pattern) => ({ has: (char) => pattern.test(char) });

const CJK = /[\u4e00-\u9fff]/;
const KANA = /[\u3041-\u3096\u30a1-\u30fe]/;
// Text in other encodings often decodes to these.
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

/** Return the score of a text in a model, 0 for plain ASCII.
    @type {(text: string, model: string) => number} */
export function score(text, model) {
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
