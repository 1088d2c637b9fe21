namespace BlasNet.Text.Tokenization;

/// <summary>What must hold for every vocabulary.</summary>
internal static class Vocabulary
{
    /// <exception cref="TextModelException">The numbers are not 0 … n − 1, or one of these tokens is missing.</exception>
    public static void Require(string path, Dictionary<string, int> vocabulary, params ReadOnlySpan<string> tokens)
    {
        var seen = new bool[vocabulary.Count];
        foreach ((string token, int number) in vocabulary)
        {
            if (number < 0 || number >= seen.Length || seen[number])
                throw new TextModelException(path, $"the numbers of {seen.Length} tokens must be 0 to {seen.Length - 1}, each once; '{token}' has {number}");

            seen[number] = true;
        }

        foreach (string token in tokens)
        {
            if (!vocabulary.ContainsKey(token))
                throw new TextModelException(path, $"has no token {token}, which every text needs");
        }
    }

    /// <exception cref="TextModelException">The library refuses what the file says.</exception>
    public static T Checked<T>(string path, Func<T> create)
    {
        try
        {
            return create();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or FormatException or KeyNotFoundException or InvalidDataException)
        {
            throw new TextModelException(path, $"is no vocabulary that can be used: {e.Message}", e);
        }
    }
}
