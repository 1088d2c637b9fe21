namespace BlasNet.Training;

/// <summary>Refuses a second use of an object while one is under way: from another thread, or from a function that the first one calls.</summary>
/// <param name="owner">As the error names it.</param>
internal sealed class Exclusive(string owner)
{
    private int _held;

    /// <exception cref="InvalidOperationException">It is held already.</exception>
    public void Enter()
    {
        if (Interlocked.Exchange(ref _held, 1) != 0)
            throw new InvalidOperationException(
                $"This {owner} is in use: neither a second thread nor a function that it calls can use it meanwhile. Make another one.");
    }

    public void Exit() => Volatile.Write(ref _held, 0);
}
