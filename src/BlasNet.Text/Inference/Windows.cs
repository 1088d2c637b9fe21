using BlasNet.Text.Tokenization;

namespace BlasNet.Text.Inference;

/// <summary>Cuts a text's tokens to what a model takes.</summary>
internal static class Windows
{
    /// <summary>The tokens of each window, those that begin and end a text included; at least one window.</summary>
    public static int[][] Of(TextTokenizer tokenizer, string text, int maximum, LongTexts longTexts)
    {
        List<int> tokens = tokenizer.Tokenize(text);
        int room = maximum - 2;
        if (longTexts == LongTexts.Truncate && tokens.Count > room)
            tokens.RemoveRange(room, tokens.Count - room);

        int count = Math.Max(1, (tokens.Count + room - 1) / room);
        return [.. Enumerable.Range(0, count).Select(Window)];

        int[] Window(int window)
        {
            int start = (int)((long)tokens.Count * window / count), end = (int)((long)tokens.Count * (window + 1) / count);
            return [tokenizer.First, .. tokens[start..end], tokenizer.Last];
        }
    }
}
