using BlasNet.Kernels;
using BlasNet.Serving;

namespace BlasNet.Tests.Serving;

/// <summary>Answers n by n, and keeps of each batch whether its products are to take one thread only.</summary>
internal sealed class RecordingModel : BatchModel<int, int>
{
    public List<bool> Parts { get; } = [];

    public int ThrowsFrom { get; set; } = int.MaxValue;

    public Action<Batch<int, int>>? Answer { get; init; }

    public bool FailsToDispose { get; init; }

    public bool IsDisposed { get; private set; }

    public override void Compute(Batch<int, int> batch)
    {
        lock (Parts)
            Parts.Add(ComputeThreads.IsPart);

        if (batch.Count >= ThrowsFrom)
            throw new FormatException($"{batch.Count} are too many.");

        if (Answer is not null)
        {
            Answer(batch);
            return;
        }

        for (int i = 0; i < batch.Count; i++)
            batch.SetResult(i, batch.Examples[i]);
    }

    protected override void Dispose(bool isDisposing)
    {
        IsDisposed = true;
        base.Dispose(isDisposing);
        if (FailsToDispose)
            throw new FormatException("cannot be disposed");
    }
}
