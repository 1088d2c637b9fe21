namespace BlasNet.Datasets;

/// <summary>A word of a CoNLL-U sentence. Its ID is its position in the sentence, from 1. What the file leaves open is <c>_</c>.</summary>
/// <param name="Form">The word as it stands in the text.</param>
/// <param name="Lemma">Its dictionary form.</param>
/// <param name="Upos">Universal part of speech: one of 17.</param>
/// <param name="Xpos">Part of speech by the language's own tag set.</param>
/// <param name="Head">ID of the word it depends on, 0 for the root of the sentence; null for <c>_</c>.</param>
/// <param name="Relation">Its relation to the head.</param>
public readonly record struct ConlluWord(string Form, string Lemma, string Upos, string Xpos, int? Head, string Relation);
