namespace BlasNet.Cli.Models;

/// <summary>A sentence as a parser takes it: a beginning, n words and the root.</summary>
/// <param name="Words">Index of each, n + 2 in all.</param>
/// <param name="Tags">Index of the part of speech of each.</param>
/// <param name="Heads">The head of each word by position, n + 1 for the root; 0 for the beginning and the root, and where none is known.</param>
/// <param name="Relations">Index of each word's relation to its head; −1 for one that the training data does not have.</param>
internal sealed record ParsedSentence(int[] Words, int[] Tags, int[] Heads, int[] Relations)
{
    /// <summary>Words without the beginning and the root.</summary>
    public int Length => Words.Length - 2;
}

/// <summary>What a parser has found.</summary>
/// <param name="Heads">As in <see cref="ParsedSentence"/>.</param>
/// <param name="Relations">As in <see cref="ParsedSentence"/>.</param>
internal sealed record Parse(int[] Heads, int[] Relations);
