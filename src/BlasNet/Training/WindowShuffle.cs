namespace BlasNet.Training;

/// <summary>Shuffles a stream in a window: each example taken is drawn from the next <paramref name="window"/> ones.</summary>
/// <param name="window">How many examples are held; 1 keeps the order.</param>
/// <param name="random">Which of them is drawn.</param>
/// <remarks>So the n-th example comes after at least n − window others. The same stream and the same numbers give the same order.</remarks>
internal sealed class WindowShuffle<T>(int window, RandomNumbers random)
{
    private readonly List<T> _held = [];

    /// <summary>Adds the stream's next example.</summary>
    /// <param name="example">The example.</param>
    /// <param name="drawn">The one that is drawn, if the window is full.</param>
    public bool Add(T example, out T drawn)
    {
        if (_held.Count < window - 1)
        {
            _held.Add(example);
            drawn = default!;
            return false;
        }

        int place = random.NextBelow(window);
        drawn = place == _held.Count ? example : _held[place];
        if (place < _held.Count)
            _held[place] = example;

        return true;
    }

    /// <summary>Draws one of those that are left when the stream has ended.</summary>
    public bool TryTake(out T drawn)
    {
        if (_held.Count == 0)
        {
            drawn = default!;
            return false;
        }

        int place = random.NextBelow(_held.Count);
        drawn = _held[place];
        _held[place] = _held[^1];
        _held.RemoveAt(_held.Count - 1);
        return true;
    }
}
