using BlasNet.Datasets;

namespace BlasNet.Cli.Training;

/// <summary>Words with the numbers of their tags; −1 for one that is not known.</summary>
internal sealed record TaggedText(string[] Words, int[] Tags)
{
    /// <param name="sentence">Words with their tags.</param>
    /// <param name="tags">The known ones' numbers.</param>
    public static TaggedText Of(TaggedWord[] sentence, IReadOnlyDictionary<string, int> tags) => new(
        Array.ConvertAll(sentence, word => word.Word), Array.ConvertAll(sentence, word => tags.GetValueOrDefault(word.Tag, -1)));
}
