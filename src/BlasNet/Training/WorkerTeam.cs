using System.Runtime.InteropServices;
using BlasNet.Kernels;

namespace BlasNet.Training;

/// <summary>The workers of one run at a time of an evaluator.</summary>
/// <param name="model">Whose values they compute.</param>
/// <param name="create">Makes a worker.</param>
internal sealed class WorkerTeam<TWorker>(Model model, Func<TWorker> create) : IDisposable where TWorker : IDisposable
{
    private readonly List<TWorker> _workers = [];
    private readonly ParallelParts _parallel = new();

    /// <summary>A worker, from 0; made when it is first asked for.</summary>
    public TWorker this[int worker]
    {
        get
        {
            while (_workers.Count <= worker)
                _workers.Add(create());

            return _workers[worker];
        }
    }

    /// <summary>Those that have been made.</summary>
    public ReadOnlySpan<TWorker> Made => CollectionsMarshal.AsSpan(_workers);

    /// <summary>Divides examples among workers, a thread each; the calling one is the first.</summary>
    /// <param name="examples">How many.</param>
    /// <param name="workers">How many, at most as many as examples.</param>
    /// <param name="part">What a worker does with the examples from a first one up to the one after its last.</param>
    public void Run(int examples, int workers, Action<TWorker, int, int> part)
    {
        _ = this[workers - 1];   // here: the list must not grow while several threads read it
        if (workers == 1)
        {
            part(_workers[0], 0, examples);
            return;
        }

        model.HoldForecasts(true);
        try
        {
            _parallel.Run(workers, worker =>
            {
                using ModelAccess.Scope reading = model.Access.Join(ModelAccess.Kind.Reader);
                part(_workers[worker], Start(worker), Start(worker + 1));
            });
        }
        finally
        {
            model.HoldForecasts(false);
        }

        int Start(int worker) => (int)((long)examples * worker / workers);
    }

    public void Dispose()
    {
        foreach (TWorker worker in _workers)
            worker.Dispose();
    }
}
