namespace BlasNet.Text;

/// <summary>A passage and how well it answers.</summary>
/// <param name="Index">Its number among the passages given, from 0.</param>
/// <param name="Score">Of any size and sign; the larger the better.</param>
public readonly record struct RankedPassage(int Index, float Score);

/// <summary>Orders passages by how well they answer a query, with a cross-encoder: a classifier of one label that reads query and passage together.</summary>
/// <remarks>Slower than comparing vectors and better: it is for the few passages that a search by vectors has found. Threads: any number may use it at
/// once.</remarks>
public sealed class Reranker : IDisposable
{
    private readonly TextClassifier _classifier;

    /// <param name="classifier">Of one label; is disposed with this.</param>
    /// <exception cref="ArgumentException">It has several labels.</exception>
    public Reranker(TextClassifier classifier)
    {
        ArgumentNullException.ThrowIfNull(classifier);
        if (classifier.Labels.Count != 1)
            throw new ArgumentException($"a reranker is a classifier of one label, its score; this one has {classifier.Labels.Count}.", nameof(classifier));

        _classifier = classifier;
    }

    /// <summary>Reads a cross-encoder from a folder in the layout of Hugging Face.</summary>
    /// <exception cref="TextModelException">It has several labels.</exception>
    /// <inheritdoc cref="TextClassifier.Load(string, TextEncoderOptions)"/>
    public static Reranker Load(string folder, TextEncoderOptions? options = null)
    {
        TextClassifier classifier = TextClassifier.Load(folder, options);
        if (classifier.Labels.Count == 1)
            return new Reranker(classifier);

        int labels = classifier.Labels.Count;
        string file = classifier.Encoder.Files.Configuration.File;
        classifier.Dispose();
        throw new TextModelException(file, $"a reranker has one label, its score; this model has {labels}");
    }

    /// <summary>How well each passage answers the query.</summary>
    /// <param name="query">The question.</param>
    /// <param name="passages">Any number.</param>
    /// <param name="cancellation">Asked between batches.</param>
    /// <returns>A score for each, of any size and sign; the larger the better.</returns>
    /// <exception cref="OperationCanceledException">Between two batches.</exception>
    /// <exception cref="ObjectDisposedException">The reranker has been disposed.</exception>
    public float[] Score(string query, IReadOnlyList<string> passages, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(passages);
        TextInput[] pairs = [.. passages.Select(passage =>
            new TextInput(query, passage ?? throw new ArgumentException("a passage is null.", nameof(passages))))];
        return Array.ConvertAll(_classifier.Scores(pairs, cancellation), scores => scores[0]);
    }

    /// <summary>The passages that answer the query best, the best one first; of equally good ones the first.</summary>
    /// <param name="query">The question.</param>
    /// <param name="passages">Any number.</param>
    /// <param name="top">At most so many.</param>
    /// <param name="cancellation">Asked between batches.</param>
    /// <inheritdoc cref="Score" path="/exception"/>
    public RankedPassage[] Rank(string query, IReadOnlyList<string> passages, int top = int.MaxValue, CancellationToken cancellation = default) =>
        [.. Score(query, passages, cancellation).Select((score, i) => new RankedPassage(i, score)).OrderByDescending(passage => passage.Score).Take(top)];

    /// <summary>Ends all use and frees the memory.</summary>
    public void Dispose() => _classifier.Dispose();
}
