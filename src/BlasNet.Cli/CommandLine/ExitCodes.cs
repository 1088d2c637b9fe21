namespace BlasNet.Cli.CommandLine;

/// <summary>What the process ends with.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>A file, a library or the training itself failed.</summary>
    public const int Failure = 1;

    /// <summary>The command line is wrong; nothing was done.</summary>
    public const int Usage = 2;

    /// <summary>BlasNet itself is wrong: EX_SOFTWARE of sysexits.h.</summary>
    public const int Internal = 70;

    /// <summary>Nobody reads the output any more: 128 + SIGPIPE, as shells report it of other programs.</summary>
    public const int BrokenPipe = 141;

    /// <summary>Ended by Ctrl-C: 128 + SIGINT, as shells report it.</summary>
    public const int Interrupted = 130;
}
