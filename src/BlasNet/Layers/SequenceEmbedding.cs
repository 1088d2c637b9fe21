using BlasNet.Graphs;

namespace BlasNet.Layers;

/// <summary>The vector of each word of a sequence: those of word, position and, if given, type added, and the sum normalised.</summary>
/// <remarks>Source: Devlin et al., "BERT", NAACL 2019, arXiv:1810.04805, figure 2.</remarks>
public sealed class SequenceEmbedding
{
    private readonly Embedding _words, _positions;
    private readonly Embedding? _types;
    private readonly LayerNormalization _norm;
    private readonly int[] _places;

    /// <param name="parameters">The model, which receives the parameters of <see cref="Embedding"/> <c>name.words</c>, <c>name.positions</c> and, if
    /// there are types, <c>name.types</c>, and of <see cref="LayerNormalization"/> <c>name.norm</c>.</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="size">Length of a vector.</param>
    /// <param name="vocabulary">Number of words.</param>
    /// <param name="positions">Number of positions that there are vectors for.</param>
    /// <param name="types">Number of types of sequences; 0 for none.</param>
    /// <param name="first">Position of the first word: RoBERTa begins above its padding's.</param>
    /// <param name="epsilon">Of the normalisation.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="first"/> is not in 0 … positions − 1, or there are fewer than 0 types.</exception>
    public SequenceEmbedding(
        IParameters parameters, string name, int size, int vocabulary, int positions, int types = 0, int first = 0, double epsilon = 1e-5)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(types);
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(first, positions);
        _words = new Embedding(parameters, $"{name}.words", size, vocabulary);
        _positions = new Embedding(parameters, $"{name}.positions", size, positions);
        _types = types > 0 ? new Embedding(parameters, $"{name}.types", size, types) : null;
        _norm = new LayerNormalization(parameters, $"{name}.norm", size, epsilon);
        _places = [.. Enumerable.Range(first, positions - first)];
    }

    /// <summary>Length of the longest sequence.</summary>
    public int MaximumLength => _places.Length;

    /// <summary>The vectors of a sequence of the first type, side by side.</summary>
    /// <param name="graph">The graph to add them to.</param>
    /// <param name="words">n of them, from 1 to <see cref="MaximumLength"/>; 0 … vocabulary − 1.</param>
    /// <returns>[size × n].</returns>
    /// <exception cref="ArgumentException">There are more words than positions.</exception>
    /// <exception cref="ShapeException">There is no word.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such word in the vocabulary.</exception>
    public Expr Of(Graph graph, ReadOnlySpan<int> words) => Of(graph, words, types: []);

    /// <summary>The vectors of a sequence whose parts have different types, as those of a pair, side by side.</summary>
    /// <param name="graph">The graph to add them to.</param>
    /// <param name="words">n of them, from 1 to <see cref="MaximumLength"/>; 0 … vocabulary − 1.</param>
    /// <param name="types">The type of each word; none where all are of the first type.</param>
    /// <returns>[size × n].</returns>
    /// <exception cref="ArgumentException">There are more words than positions, or not a type for each word, or there are no types.</exception>
    /// <exception cref="ShapeException">There is no word.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such word in the vocabulary, or no such type.</exception>
    public Expr Of(Graph graph, ReadOnlySpan<int> words, ReadOnlySpan<int> types)
    {
        if (types.Length > 0 && (types.Length != words.Length || _types is null))
            throw new ArgumentException($"there must be a type for each of {words.Length} words, in a model that has types; {types.Length} are given.",
                nameof(types));

        if (words.Length > MaximumLength)
            throw new ArgumentException($"a sequence has at most {MaximumLength} words, one for each position; this one has {words.Length}.", nameof(words));

        Expr sum = _words.Of(graph, words) + _positions.Of(graph, _places.AsSpan(0, words.Length));
        return _norm.Apply(_types is null ? sum : sum + (types.Length == 0 ? _types.Of(graph, 0) : _types.Of(graph, types)));
    }
}
