using System.Buffers;
using BlasNet.Graphs;
using static BlasNet.Operators.Op;

namespace BlasNet.Layers;

/// <summary>Two recurrent layers over one sequence, from its first vector to its last and back; each vector's output has seen all of it.</summary>
/// <param name="forward">Reads from the first vector to the last.</param>
/// <param name="backward">Reads from the last vector to the first; with parameters of its own.</param>
/// <remarks>Source: Schuster, Paliwal, "Bidirectional Recurrent Neural Networks", IEEE Transactions on Signal Processing 45(11), 1997.</remarks>
public sealed class BidirectionalSequence(IRecurrentLayer forward, IRecurrentLayer backward)
{
    private readonly IRecurrentLayer _forward = forward ?? throw new ArgumentNullException(nameof(forward));
    private readonly IRecurrentLayer _backward = backward ?? throw new ArgumentNullException(nameof(backward));

    /// <summary>A bidirectional LSTM.</summary>
    /// <param name="parameters">The model, which receives the parameters of <see cref="Lstm"/> under <c>name.forward</c> and <c>name.backward</c>.</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="inputs">Length of a vector.</param>
    /// <param name="hidden">Length of each direction's output.</param>
    public static BidirectionalSequence OfLstm(IParameters parameters, string name, int inputs, int hidden)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return new(new Lstm(parameters, $"{name}.forward", inputs, hidden), new Lstm(parameters, $"{name}.backward", inputs, hidden));
    }

    /// <summary>For each vector what both directions make of it.</summary>
    /// <param name="sequence">Vectors [inputs].</param>
    /// <returns>As many: [forward's hidden + backward's hidden] each.</returns>
    public Expr[] Run(ReadOnlySpan<Expr> sequence)
    {
        var outputs = new Expr[sequence.Length];
        Run(sequence, outputs);
        return outputs;
    }

    /// <summary>For each vector what both directions make of it.</summary>
    /// <param name="sequence">Vectors [inputs].</param>
    /// <param name="outputs">As many; receives [forward's hidden + backward's hidden] each.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public void Run(ReadOnlySpan<Expr> sequence, Span<Expr> outputs)
    {
        Sequence.Check(sequence, outputs);
        Expr[] rented = ArrayPool<Expr>.Shared.Rent(sequence.Length);
        Span<Expr> ahead = rented.AsSpan(0, sequence.Length);
        Run(sequence, ahead, outputs);
        for (int t = 0; t < sequence.Length; t++)
            outputs[t] = Concatenate(ahead[t], outputs[t]);

        ArrayPool<Expr>.Shared.Return(rented, clearArray: true);
    }

    /// <summary>For each vector what each direction makes of it: for who puts them together in a function of their own, at no node for each vector.</summary>
    /// <param name="sequence">Vectors [inputs].</param>
    /// <param name="ahead">As many; receives [forward's hidden] each.</param>
    /// <param name="back">As many; receives [backward's hidden] each.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public void Run(ReadOnlySpan<Expr> sequence, Span<Expr> ahead, Span<Expr> back)
    {
        _forward.Run(sequence, ahead);
        _backward.Run(sequence, back, reverse: true);
    }

    /// <summary>For each vector what both directions make of it.</summary>
    /// <param name="x">[inputs × n], a vector of the sequence in each column.</param>
    /// <returns>[forward's hidden + backward's hidden × n].</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another number of rows.</exception>
    public Expr Run(Expr x) => Concatenate(forward.Run(x, reverse: false), backward.Run(x, reverse: true));

    /// <summary>The whole sequence in one vector: what each direction knows at its end.</summary>
    /// <param name="x">[inputs × n], a vector of the sequence in each column.</param>
    /// <returns>[forward's hidden + backward's hidden].</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another number of rows.</exception>
    public Expr Summarize(Expr x) =>
        Concatenate(SliceColumns(forward.Run(x, reverse: false), x.Shape.Columns - 1, 1), SliceColumns(backward.Run(x, reverse: true), 0, 1));

    /// <summary>The whole sequence in one vector: what each direction knows at its end.</summary>
    /// <param name="sequence">At least one vector [inputs].</param>
    /// <returns>[forward's hidden + backward's hidden].</returns>
    /// <exception cref="ArgumentException">The sequence is empty.</exception>
    public Expr Summarize(ReadOnlySpan<Expr> sequence)
    {
        if (sequence.IsEmpty)
            throw new ArgumentException("An empty sequence has no last vector.", nameof(sequence));

        Expr[] rented = ArrayPool<Expr>.Shared.Rent(sequence.Length);
        Span<Expr> outputs = rented.AsSpan(0, sequence.Length);
        _forward.Run(sequence, outputs);
        Expr last = outputs[^1];
        _backward.Run(sequence, outputs, reverse: true);
        Expr summary = Concatenate(last, outputs[0]);
        ArrayPool<Expr>.Shared.Return(rented, clearArray: true);
        return summary;
    }
}
