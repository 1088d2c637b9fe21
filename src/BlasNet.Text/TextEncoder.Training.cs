using BlasNet.Graphs;
using BlasNet.Text.Inference;
using BlasNet.Text.Tokenization;

namespace BlasNet.Text;

/// <content>The network for one text, to be trained or to be part of a network of one's own.</content>
/// <remarks>The model takes more parameters, those of one's own layers, until it is first trained or evaluated.</remarks>
public sealed partial class TextEncoder
{
    /// <summary>The pretrained parameters: <c>embeddings.…</c>, then <c>layers.0.…</c>, <c>layers.1.…</c>, and so on. Freeze them to train adapters or one's
    /// own layers alone.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>The parameters of the low-rank adapters; none without <see cref="TextEncoderOptions.Adapters"/>.</summary>
    public IReadOnlyList<Parameter> Adapters => [.. _adapters?.Parameters ?? []];

    /// <summary>The pretrained parameters of the embeddings and of the layers next to them, to be frozen: they say what words mean, and change least from task
    /// to task.</summary>
    /// <param name="layers">How many layers, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The encoder has not so many layers.</exception>
    public IEnumerable<Parameter> LowerParameters(int layers)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(layers);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(layers, Sizes.Layers);
        string[] upper = [.. Enumerable.Range(layers, Sizes.Layers - layers).Select(layer => $"layers.{layer}.")];
        return Parameters.Where(parameter => !Array.Exists(upper, start => parameter.Name.StartsWith(start, StringComparison.Ordinal)));
    }

    /// <summary>The network for one text: a vector for each of its tokens.</summary>
    /// <param name="graph">One of <see cref="Model"/>'s.</param>
    /// <param name="tokens">n of them, from 1 to the number of the model's positions; see <see cref="Tokenize"/>.</param>
    /// <returns>[<see cref="Dimensions"/> × n].</returns>
    /// <exception cref="ArgumentException">There are none or too many.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such token.</exception>
    public Expr Encode(Graph graph, ReadOnlySpan<int> tokens)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return _network.Apply(graph, tokens);
    }

    /// <summary>The network for a text or a pair: a vector for each of its tokens, of which at most <see cref="MaximumTokens"/> are taken.</summary>
    /// <param name="graph">One of <see cref="Model"/>'s.</param>
    /// <param name="input">A text; or two, which are separated, and of two types where the model has types. The longer one is cut first.</param>
    /// <returns>[<see cref="Dimensions"/> × n].</returns>
    public Expr Encode(Graph graph, TextInput input) => Encode(graph, TokensOf(input));

    /// <summary>The network for one text: its vector, as <see cref="Embed(string)"/> gives it, of at most <see cref="MaximumTokens"/> tokens.</summary>
    /// <param name="graph">One of <see cref="Model"/>'s.</param>
    /// <param name="text">The text. <see cref="TextEncoderOptions.LongTexts"/> is not looked at.</param>
    /// <returns>[<see cref="Dimensions"/>].</returns>
    public Expr Vector(Graph graph, string text) => Vector(graph, TokensOf(text).Tokens);

    /// <summary>The network for one text: its vector, as <see cref="Embed(string)"/> gives it.</summary>
    /// <inheritdoc cref="Encode(Graph, ReadOnlySpan{int})" path="/param|/exception"/>
    /// <returns>[<see cref="Dimensions"/>].</returns>
    public Expr Vector(Graph graph, ReadOnlySpan<int> tokens)
    {
        Expr vector = Pooled(graph, tokens);
        return Options.Normalize == true ? TextLosses.Normalized(vector) : vector;
    }

    internal Expr Encode(Graph graph, TokenSequence tokens)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return _network.Apply(graph, tokens.Tokens, tokens.SecondStart);
    }

    internal Expr Pooled(Graph graph, ReadOnlySpan<int> tokens) => Pools.Apply(Options.Pooling!.Value, Encode(graph, tokens));

    internal TokenSequence TokensOf(TextInput input)
    {
        if (input.First is null)
            throw new ArgumentException("a text is null.", nameof(input));

        return _tokenizer.Encode(input, MaximumTokens);
    }
}
