namespace BlasNet;

/// <summary>What a user should know and no program has asked for: that OpenBLAS was not found, so that the managed kernels compute
/// everything.</summary>
/// <remarks>
/// A library that tells so little needs no logging framework: this is the one place where it goes, and a line hands it to whatever there
/// is. The package BlasNet.AspNetCore does that with the host's loggers, unless a handler was set before.
/// <code>
/// Notices.Handler = notice => logger.LogWarning("{Notice}", notice);
/// </code>
/// </remarks>
public static class Notices
{
    /// <summary>Receives each notice, once, on the thread that came upon it; null, the default, writes it to standard error. For the whole
    /// process.</summary>
    public static Action<string>? Handler { get; set; }

    internal static void Add(string notice)
    {
        if (Handler is { } handler)
            handler(notice);
        else
            Console.Error.WriteLine(notice);
    }
}
