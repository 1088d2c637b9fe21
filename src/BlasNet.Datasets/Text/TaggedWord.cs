namespace BlasNet.Datasets;

/// <summary>A word of a sentence and what a tagger should say of it.</summary>
/// <param name="Word">As it stands in the text.</param>
/// <param name="Tag">Its class: a part of speech, a kind of name.</param>
public readonly record struct TaggedWord(string Word, string Tag)
{
    /// <summary>As <c>word|TAG</c>.</summary>
    public override string ToString() => $"{Word}|{Tag}";
}
