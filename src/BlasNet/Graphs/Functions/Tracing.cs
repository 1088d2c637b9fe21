namespace BlasNet.Graphs.Functions;

/// <summary>The functions whose bodies the calling thread is tracing, each called by the one before it.</summary>
/// <remarks>A function may call itself for other shapes: halves, and halves of these. It is refused where it would never end.</remarks>
internal static class Tracing
{
    /// <summary>Far more than a recursion over shapes takes, and far less than a thread's stack holds.</summary>
    private const int MaxDepth = 100;

    [ThreadStatic]
    private static List<(string Name, Function Function, BodyKey Key)>? _active;

    /// <exception cref="InvalidOperationException">The thread is tracing the same body already, or too many bodies of one function.</exception>
    public static void Begin(Function function, BodyKey key)
    {
        _active ??= [];
        bool isCycle = _active.Exists(active => active.Function == function && active.Key.Equals(key));
        if (isCycle || _active.Count(active => active.Function == function) == MaxDepth)
        {
            string end = isCycle ? $"with arguments of the same shapes ({key})" : $"with ever other shapes, {MaxDepth} calls deep";
            throw new InvalidOperationException(
                $"{function.Name}: a function that calls itself {end} never ends: {ChainTo(function)}. "
                + "The body of a function may depend on shapes only; loop, or recur, outside of it.");
        }

        _active.Add((function.Name, function, key));
    }

    public static void End() => _active!.RemoveAt(_active.Count - 1);

    // The calls from the last one of the same function on.
    private static string ChainTo(Function function) => string.Join(
        " → ", _active!.Skip(Math.Max(0, _active!.FindLastIndex(active => active.Function == function))).Select(active => active.Name).Append(function.Name));
}
