using System.Numerics;
using System.Runtime.InteropServices;
using BlasNet.Execution;
using BlasNet.Kernels;
using BlasNet.Ranks;

namespace BlasNet.Training;

/// <summary>The results of an evaluation on several ranks: each computes a part of a pass's examples, and all get all results.</summary>
internal sealed class RankResults<T> : IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Communicator _ranks;
    private readonly ParameterStore<T> _parameters;
    private readonly PackingUses[] _usesBefore;
    private readonly List<int> _lengths = [];
    private readonly List<T> _values = [];
    private int _last;   // the example whose result was added last
    private bool _isCancelled, _isHeld;

    public RankResults(Communicator ranks, Model model)
    {
        (_ranks, _parameters) = (ranks, model.Store<T>());
        _usesBefore = new PackingUses[model.Parameters.Count];
    }

    public int Size => _ranks.Size;

    /// <summary>Begins a pass.</summary>
    /// <param name="count">Of its examples.</param>
    /// <param name="cancellation">As the error has it.</param>
    /// <returns>This rank's part.</returns>
    /// <exception cref="OperationCanceledException">A rank had been asked to stop when the pass before was done.</exception>
    public (int Start, int End) Begin(int count, CancellationToken cancellation)
    {
        if (_isCancelled)
            throw new OperationCanceledException("A rank was asked to stop.", cancellation);

        _last = -1;
        _lengths.Clear();
        _values.Clear();
        for (int i = 0; i < _usesBefore.Length; i++)
            _usesBefore[i] = _parameters.PackedOf(i).Uses;

        int parts = Math.Min(Size, count);
        Hold(parts > 1);
        return (Bound(_ranks.Rank), Bound(_ranks.Rank + 1));

        int Bound(int part) => (int)((long)count * Math.Min(part, parts) / parts);
    }

    /// <summary>Takes a result of this rank's part.</summary>
    public void Add(int example, ReadOnlySpan<T> value)
    {
        _lengths.Add(example == _last ? ~value.Length : value.Length);   // ~ for another result of the same example
        _last = example;
        _values.AddRange(value);
    }

    /// <summary>Exchanges the results of a pass and hands all of them over.</summary>
    /// <param name="first">The number of the pass's first example.</param>
    /// <param name="error">Instead of this rank's results.</param>
    /// <param name="handler">Receives the results.</param>
    /// <param name="cancellation">Whether this rank has been asked to stop.</param>
    public void HandOver(int first, Exception? error, ResultHandler<T> handler, CancellationToken cancellation)
    {
        Hold(false);
        _ranks.ThrowIfAny(error);
        _isCancelled = _ranks.Any(cancellation.IsCancellationRequested);
        AddUses();
        byte[][] lengths = _ranks.AllGatherBytes(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_lengths)));
        byte[][] values = _ranks.AllGatherBytes(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_values)));
        for (int rank = 0; rank < Size; rank++)
        {
            ReadOnlySpan<T> rest = MemoryMarshal.Cast<byte, T>(values[rank]);
            foreach (int length in MemoryMarshal.Cast<byte, int>(lengths[rank]))
            {
                int own = length < 0 ? ~length : length;
                handler(length < 0 ? first - 1 : first++, rest[..own]);
                rest = rest[own..];
            }
        }
    }

    public void Dispose() => Hold(false);

    // Kernels are chosen by how often a weight is used, by all workers together.
    private void AddUses()
    {
        var mine = new PackingUses[_usesBefore.Length];
        for (int i = 0; i < mine.Length; i++)
            mine[i] = _parameters.PackedOf(i).Uses.Since(_usesBefore[i]);

        foreach (byte[] ofRank in _ranks.AllGatherBytes(MemoryMarshal.AsBytes(mine.AsSpan())))
        {
            ReadOnlySpan<PackingUses> uses = MemoryMarshal.Cast<byte, PackingUses>(ofRank);
            for (int i = 0; i < uses.Length; i++)
                _usesBefore[i] = _usesBefore[i].Plus(uses[i]);
        }

        for (int i = 0; i < _usesBefore.Length; i++)
            _parameters.PackedOf(i).Uses = _usesBefore[i];
    }

    private void Hold(bool hold)
    {
        if (hold == _isHeld)
            return;

        _isHeld = hold;
        _parameters.HoldForecasts(hold);
    }
}
