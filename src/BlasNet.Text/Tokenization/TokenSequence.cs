namespace BlasNet.Text.Tokenization;

/// <summary>The tokens of a text, or of two, with those that begin, separate and end them.</summary>
/// <param name="Tokens">At least two.</param>
/// <param name="SecondStart">Where the second text begins; the number of tokens where there is none.</param>
internal readonly record struct TokenSequence(int[] Tokens, int SecondStart);
