using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace BlasNet.Text.Tokenization;

/// <summary>The words of a text as BERT cuts them: between white space, and each punctuation mark by itself.</summary>
/// <remarks>Every visible ASCII character that is no letter or digit is a punctuation mark, $ and + among them.
/// Source: <c>BasicTokenizer</c> of github.com/google-research/bert, tokenization.py.</remarks>
internal sealed class BertWords : PreTokenizer
{
    public static readonly BertWords Instance = new();

    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text) => PreTokenize(text.AsSpan());

    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text)
    {
        List<(int, int)> words = [];
        int start = 0, position = 0;
        foreach (Rune character in text.EnumerateRunes())
        {
            int end = position + character.Utf16SequenceLength;
            bool isMark = IsPunctuation(character);
            if (isMark || Rune.IsWhiteSpace(character))
            {
                if (position > start)
                    words.Add((start, position - start));

                if (isMark)
                    words.Add((position, end - position));

                start = end;
            }

            position = end;
        }

        if (position > start)
            words.Add((start, position - start));

        return words;
    }

    private static bool IsPunctuation(Rune character) => character.IsAscii
        ? character.Value > ' ' && character.Value < 0x7F && !Rune.IsLetterOrDigit(character)
        : Rune.GetUnicodeCategory(character) is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation;
}
