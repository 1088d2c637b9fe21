namespace BlasNet.Batching;

/// <summary>Sorts values by descending height, those of equal height in the order in which they come (a counting sort). Time O(n + range of heights).</summary>
internal sealed class HeightSort
{
    private int[] _sorted = [];
    private int[] _places = [];   // by height, from the highest: where the next value goes

    /// <summary>Sorts.</summary>
    /// <param name="values">Sorted in place.</param>
    /// <param name="heights">By value.</param>
    public void Run(Span<int> values, ReadOnlySpan<int> heights)
    {
        int low = int.MaxValue, high = 0;
        foreach (int value in values)
            (low, high) = (Math.Min(low, heights[value]), Math.Max(high, heights[value]));

        Reserve(values.Length, high - low + 2);
        Span<int> places = _places.AsSpan(0, high - low + 2);
        places.Clear();
        foreach (int value in values)
            places[high - heights[value] + 1]++;

        for (int i = 1; i < places.Length; i++)
            places[i] += places[i - 1];

        foreach (int value in values)
            _sorted[places[high - heights[value]]++] = value;

        _sorted.AsSpan(0, values.Length).CopyTo(values);
    }

    private void Reserve(int values, int heights)
    {
        if (_sorted.Length < values)
            _sorted = new int[Math.Max(values, 2 * _sorted.Length)];

        if (_places.Length < heights)
            _places = new int[Math.Max(heights, 2 * _places.Length)];
    }
}
