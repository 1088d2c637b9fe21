namespace BlasNet.Text.Tokenization;

/// <summary>A sentence that is given as words: its tokens, in as many parts as an encoder needs for them, and which of them are the first of a word.</summary>
/// <param name="Parts">Tokens with those that begin and end a text, and the place of each word's first one among them.</param>
internal sealed record SentencePieces(IReadOnlyList<(int[] Tokens, int[] First)> Parts)
{
    /// <summary>Number of tokens.</summary>
    public int Length => Parts.Sum(part => part.Tokens.Length);

    /// <param name="tokenizer">Makes tokens of each word.</param>
    /// <param name="words">At least one.</param>
    /// <param name="maximum">Tokens of a part, at least 3.</param>
    /// <exception cref="ArgumentException">There is no word, or one is null.</exception>
    public static SentencePieces Of(TextTokenizer tokenizer, IReadOnlyList<string> words, int maximum)
    {
        ArgumentNullException.ThrowIfNull(words);
        if (words.Count == 0 || words.Contains(null))
            throw new ArgumentException("a sentence needs words, none of them null.", nameof(words));

        List<(int[], int[])> parts = [];
        List<int> tokens = [tokenizer.First], first = [];
        for (int i = 0; i < words.Count; i++)
        {
            List<int> pieces = tokenizer.Tokenize(i == 0 ? words[i] : tokenizer.WordStart + words[i]);
            if (pieces.Count == 0)
                pieces.Add(tokenizer.Unknown);   // of characters that the tokenizer leaves out

            int count = Math.Min(pieces.Count, maximum - 2);
            if (tokens.Count + count + 1 > maximum)
                EndPart();

            first.Add(tokens.Count);
            tokens.AddRange(pieces[..count]);
        }

        EndPart();
        return new SentencePieces(parts);

        void EndPart()
        {
            parts.Add(([.. tokens, tokenizer.Last], [.. first]));
            tokens.RemoveRange(1, tokens.Count - 1);
            first.Clear();
        }
    }
}
