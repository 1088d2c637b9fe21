namespace BlasNet.Cli.Models;

/// <summary>A sentence as a tagger takes it.</summary>
/// <param name="Words">Index of each word.</param>
/// <param name="Tags">Index of each word's tag; -1 for one that the training data does not have.</param>
/// <param name="Characters">Indices of the characters of each word that is to be read letter by letter, null for the others; empty where none is.</param>
internal sealed record TaggedSentence(int[] Words, int[] Tags, int[]?[] Characters);
