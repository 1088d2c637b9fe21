using System.Text;

namespace BlasNet.Text.Tokenization;

/// <summary>What letters are without their accents, the same on every machine.</summary>
/// <remarks>The platform's own normalisation is not asked: without ICU, and in invariant mode, it leaves a text as it is.
/// Source: the canonical decompositions (NFD) of the Unicode Character Database 14.0, without nonspacing marks; those of Hangul by the arithmetic of the
/// Unicode Standard, section 3.12.</remarks>
internal static class Decompositions
{
    private const int Hangul = 0xAC00, Syllables = 11172, Lead = 0x1100, Vowel = 0x1161, Tail = 0x11A7, Vowels = 21, Tails = 28;

    private static readonly Dictionary<Rune, string> Bases = Load();

    /// <summary>A character without its accents.</summary>
    public static string BaseOf(Rune character)
    {
        int syllable = character.Value - Hangul;
        if (syllable is < 0 or >= Syllables)
            return Bases.TryGetValue(character, out string? known) ? known : character.ToString();

        ReadOnlySpan<char> letters =
            [(char)(Lead + syllable / (Vowels * Tails)), (char)(Vowel + syllable / Tails % Vowels), (char)(Tail + syllable % Tails)];
        return new string(syllable % Tails > 0 ? letters : letters[..2]);
    }

    // A character and its base on each line.
    private static Dictionary<Rune, string> Load()
    {
        using var reader = new StreamReader(typeof(Decompositions).Assembly.GetManifestResourceStream("decompositions.txt")!);
        Dictionary<Rune, string> bases = [];
        while (reader.ReadLine() is { } line)
        {
            Rune character = Rune.GetRuneAt(line, 0);
            bases.Add(character, line[character.Utf16SequenceLength..]);
        }

        return bases;
    }
}
