using System.Runtime.ExceptionServices;
using BlasNet.Graphs;
using BlasNet.Training;

namespace BlasNet.Text.Inference;

/// <summary>Computes a function of texts, as many together as have about so many tokens, in their order.</summary>
/// <param name="model">The function's.</param>
/// <param name="function">Builds one text's value.</param>
/// <param name="lengthOf">Number of a text's tokens.</param>
/// <param name="options">Of the encoder: how many tokens are computed at once, and how.</param>
/// <remarks>Texts of a batch need not be of similar lengths: nothing is padded, so nothing is gained by sorting. While there is a batch for each thread, each
/// computes one by itself, which needs no word between them; what is left over is computed by all together.</remarks>
internal sealed class TokenBatches<TText>(
    Model model, Func<Graph, TText, Expr> function, Func<TText, int> lengthOf, TextEncoderOptions options)
{
    /// <summary>A thread takes a batch when it has computed another, this many in the mean before all wait for the last one.</summary>
    private const int BatchesOfThread = 8;

    // Made when it is needed: until then the model takes more parameters, those of a head or of a user's own layers.
    private readonly Lazy<Evaluator<TText>> _evaluator = NewEvaluator(model, function, options.Compute);
    private readonly Lazy<Evaluator<TText>> _ofOneThread = NewEvaluator(model, function, options.Compute with { Threads = 1 });

    /// <summary>Collects where the time goes; null to collect nothing.</summary>
    public Profile? Profile
    {
        get => _evaluator.Value.Profile;
        set => _evaluator.Value.Profile = _ofOneThread.Value.Profile = value;
    }

    /// <summary>Each text with its value; of a stream only some batches are held.</summary>
    /// <exception cref="OperationCanceledException">Between two batches.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public IEnumerable<(TText Text, float[] Value)> Run(IEnumerable<TText> texts, CancellationToken cancellation)
    {
        int threads = options.Compute.Threads, group = threads == 1 ? 1 : threads * BatchesOfThread;
        foreach (List<TText>[] batches in Cut(texts).Chunk(group))
        {
            foreach ((TText, float[]) pair in Compute(batches, threads, cancellation).SelectMany(batch => batch))
                yield return pair;
        }
    }

    private List<(TText, float[])>[] Compute(List<TText>[] batches, int threads, CancellationToken cancellation)
    {
        var computed = new List<(TText, float[])>[batches.Length];
        int apart = threads == 1 ? 0 : batches.Length - (batches.Length % threads), next = -1;
        if (apart > 0)
            RunOnThreads(threads, Take);

        for (int batch = apart; batch < batches.Length; batch++)
            computed[batch] = Compute(_evaluator.Value, batches[batch], cancellation);

        return computed;

        void Take()
        {
            for (int batch = Interlocked.Increment(ref next); batch < apart; batch = Interlocked.Increment(ref next))
                computed[batch] = Compute(_ofOneThread.Value, batches[batch], cancellation);
        }
    }

    private static void RunOnThreads(int threads, Action body)
    {
        try
        {
            Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, _ => body());
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }

    private static List<(TText, float[])> Compute(Evaluator<TText> evaluator, List<TText> batch, CancellationToken cancellation)
    {
        List<(TText, float[])> computed = new(batch.Count);
        evaluator.Run([.. batch], (i, value) => computed.Add((batch[i], value.ToArray())), cancellation);
        return computed;
    }

    private static Lazy<Evaluator<TText>> NewEvaluator(Model model, Func<Graph, TText, Expr> function, ComputeOptions options) =>
        new(() => new(model, function, options) { ComputeBatch = int.MaxValue });

    private IEnumerable<List<TText>> Cut(IEnumerable<TText> texts)
    {
        List<TText> batch = [];
        long tokens = 0;
        foreach (TText text in texts)
        {
            int length = lengthOf(text);
            if (tokens + length > options.BatchTokens && batch.Count > 0)
            {
                yield return batch;
                (batch, tokens) = ([], 0);
            }

            batch.Add(text);
            tokens += length;
        }

        yield return batch;
    }
}
