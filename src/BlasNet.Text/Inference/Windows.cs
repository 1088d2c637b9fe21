using BlasNet.Text.Tokenization;

namespace BlasNet.Text.Inference;

/// <summary>Cuts a text's tokens to what a model takes.</summary>
internal static class Windows
{
    /// <summary>The tokens of each window, those that begin and end a text included; at least one window.</summary>
    public static int[][] Of(TextTokenizer tokenizer, string text, int maximum, LongTexts longTexts)
    {
        List<int> tokens = tokenizer.Tokenize(text);
        int room = maximum - 2, count = longTexts == LongTexts.Windows ? Math.Max(1, (tokens.Count + room - 1) / room) : 1;
        int total = Math.Min(tokens.Count, (int)Math.Min((long)count * room, int.MaxValue));
        return [.. Enumerable.Range(0, count).Select(Window)];

        int[] Window(int window)
        {
            int start = (int)((long)total * window / count), end = (int)((long)total * (window + 1) / count);
            return [tokenizer.First, .. tokens[start..end], tokenizer.Last];
        }
    }
}
