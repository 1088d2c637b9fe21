using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace BlasNet.Text.Tokenization;

/// <summary>What BERT does to a text before it looks for words.</summary>
/// <param name="Cleans">Leaves out what cannot be seen, and makes a space of all white space.</param>
/// <param name="SetsApartIdeographs">Makes a word of each Chinese character.</param>
/// <param name="StripsAccents">é becomes e.</param>
/// <param name="Lowers">A becomes a.</param>
/// <remarks>Source: <c>BasicTokenizer</c> of github.com/google-research/bert, tokenization.py, whose rules these are.</remarks>
internal sealed record BertRules(bool Cleans = true, bool SetsApartIdeographs = true, bool StripsAccents = true, bool Lowers = true);

/// <summary>Applies <see cref="BertRules"/>.</summary>
internal sealed class BertNormalizer(BertRules rules) : Normalizer
{
    private static readonly (int First, int Last)[] Ideographs =
    [
        (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF),
        (0x2F800, 0x2FA1F),
    ];

    public override string Normalize(string original) => Normalize(original.AsSpan());

    public override string Normalize(ReadOnlySpan<char> original)
    {
        var text = new StringBuilder(original.Length);
        foreach (Rune character in original.EnumerateRunes())   // half a surrogate pair is U+FFFD
        {
            if (character.IsAscii && character.Value >= ' ' && character.Value != 0x7F)
                text.Append(rules.Lowers ? char.ToLowerInvariant((char)character.Value) : (char)character.Value);
            else
                Append(text, character);
        }

        return text.ToString();
    }

    private static bool IsSpace(Rune character) => character.Value is '\t' or '\n' or '\r' || Rune.IsWhiteSpace(character) && !Rune.IsControl(character);

    private static bool IsInvisible(Rune character) => character.Value is 0 or 0xFFFD || Rune.GetUnicodeCategory(character)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;

    private void Append(StringBuilder text, Rune character)
    {
        if (rules.Cleans && IsSpace(character))
            text.Append(' ');
        else if (rules.Cleans && IsInvisible(character))
            return;
        else if (rules.SetsApartIdeographs && Array.Exists(Ideographs, range => character.Value >= range.First && character.Value <= range.Last))
            text.Append(' ').Append(Stripped(character)).Append(' ');
        else if (!rules.StripsAccents || Rune.GetUnicodeCategory(character) != UnicodeCategory.NonSpacingMark)
            text.Append(Lowered(Stripped(character)));
    }

    private string Stripped(Rune character) => rules.StripsAccents ? Decompositions.BaseOf(character) : character.ToString();

    private string Lowered(string text) => rules.Lowers ? text.ToLowerInvariant() : text;
}
