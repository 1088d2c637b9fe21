namespace BlasNet.Training;

/// <summary>What the runs of an evaluator compute with: each rents one for itself, and as many are kept as the machine has processors for. Any thread may
/// ask.</summary>
internal sealed class TeamPool<TWorker> where TWorker : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Stack<WorkerTeam<TWorker>> _idle = [];

    /// <summary>One that was returned; null where there is none, and one is to be made.</summary>
    public WorkerTeam<TWorker>? Rent()
    {
        lock (_gate)
            return _idle.TryPop(out WorkerTeam<TWorker>? team) ? team : null;
    }

    /// <param name="team">Whose run has ended.</param>
    /// <param name="workers">Threads that a team uses.</param>
    public void Return(WorkerTeam<TWorker> team, int workers)
    {
        lock (_gate)
        {
            if (_idle.Count < Math.Max(1, Environment.ProcessorCount / workers))
            {
                _idle.Push(team);
                return;
            }
        }

        team.Dispose();
    }
}
