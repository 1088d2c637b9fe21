// How the build comes by OpenBLAS: finds what is there, installs what is missing where no question need be asked, and where
// that cannot be done says what to do. CMakeLists.txt does the collecting, building and testing itself. Loaded by build.cake.
using System.Runtime.InteropServices;

static readonly string[] RuntimeIdentifiers = ["linux-x64", "linux-arm64", "linux-musl-x64", "win-x64", "osx-arm64"];

static readonly string HostRuntimeIdentifier =
    (OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : IsMuslHost ? "linux-musl" : "linux") +
    (RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "-arm64" : "-x64");

/// <summary>What this machine can build for; the compilers for the others are a Linux machine's packages.</summary>
static string[] Buildable => HostRuntimeIdentifier == "linux-x64" ? ["linux-x64", "linux-arm64", "linux-musl-x64", "win-x64"] : [HostRuntimeIdentifier];

static bool IsMuslHost => RuntimeInformation.RuntimeIdentifier is { } host && (host.Contains("musl") || host.StartsWith("alpine"));

static readonly string OpenBlasFile =
    OperatingSystem.IsWindows() ? "libopenblas.dll" : OperatingSystem.IsMacOS() ? "libopenblas.dylib" : "libopenblas.so.0";

const string OpenBlasPackage = "libopenblas0-pthread";

/// <summary>Something this machine lacks and the build could not install; the message says how to get it.</summary>
sealed class MissingException(string message) : Exception(message);

/// <summary>The systems whose library lies in artifacts/native now.</summary>
List<string> collected = [];

/// <summary>Tells MSBuild that the library was collected, so that it must end up beside every program, or that it was not.</summary>
string NativeProperty() => collected.Contains(HostRuntimeIdentifier) ? $"-p:BlasNetNative={HostRuntimeIdentifier}" : "-p:BlasNetNative=none";

/// <summary>Puts OpenBLAS for this machine, or for what --rid says, into artifacts/native/[rid] and tests it there.</summary>
async Task ProvideOpenBlas()
{
    foreach (string rid in rids)
    {
        CleanDirectory($"{artifacts}/native/{rid}"); // what lies there may come from an earlier choice
        try
        {
            await RequireTools(rid);
            await Collect(rid, await ChooseOrigin(rid));
            collected.Add(rid);
        }
        catch (MissingException missing) when (target == "Pack" && !HasArgument("rid") && rid != HostRuntimeIdentifier)
        {
            Console.WriteLine($"Notice: no package with OpenBLAS for {rid}. {missing.Message}");
        }
        catch (MissingException missing) when (openBlas == "auto" && target != "Native")
        {
            Console.WriteLine($"Notice: OpenBLAS was not collected. {missing.Message} BlasNet goes on with its managed kernels, " +
                "or with the system's OpenBLAS if it finds one when it starts.");
        }
    }
}

/// <summary>The programs a native build needs, each with the Debian package that has it.</summary>
static IEnumerable<(string Program, string Package)> Tools(string rid)
{
    yield return ("cmake", "cmake");

    if (!OperatingSystem.IsWindows())
    {
        yield return ("make", "make");
        yield return ("cc", "gcc libc6-dev");
    }

    if (rid == HostRuntimeIdentifier)
        yield break;

    if (rid == "linux-arm64")
    {
        yield return ("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu libc6-dev-arm64-cross");
        yield return ("qemu-aarch64-static", "qemu-user-static");
    }
    else if (rid == "linux-musl-x64")
    {
        yield return ("musl-gcc", "musl-tools");
    }
    else if (rid == "win-x64")
    {
        yield return ("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64-win32");
    }
}

async Task RequireTools(string rid)
{
    var missing = Tools(rid).Where(tool => !OnPath(tool.Program)).ToArray();
    string[] packages = [.. missing.SelectMany(tool => tool.Package.Split(' '))];

    if (missing.Length > 0 && !await Install(packages))
        throw new MissingException($"Missing: {string.Join(", ", missing.Select(tool => tool.Program))}. Install them (Debian, Ubuntu: " +
            $"sudo apt-get install {string.Join(' ', packages)}) and run this again.");
}

/// <summary>The system's library, installed if need be, or a source to build.</summary>
/// <returns>The source archive or directory; empty for the system's library.</returns>
async Task<string> ChooseOrigin(string rid)
{
    if (openBlas != "source" && rid == HostRuntimeIdentifier)
    {
        if (SystemHasOpenBlas() || await Install([OpenBlasPackage]) && SystemHasOpenBlas())
            return "";

        if (openBlas == "system")
            throw new MissingException($"OpenBLAS is not installed. Install it (Debian, Ubuntu: sudo apt-get install {OpenBlasPackage}; " +
                "Fedora: sudo dnf install openblas; macOS: brew install openblas), or build it: --openblas=source --openblas-source=PATH.");
    }

    if (openBlas == "system")
        throw new MissingException($"--openblas=system: this machine's OpenBLAS is for {HostRuntimeIdentifier}, not for {rid}. Use --openblas=source.");

    return openBlasSource != "" ? openBlasSource : await DownloadSource();
}

/// <summary>Asks the loader itself, as BlasNet will.</summary>
static bool SystemHasOpenBlas() =>
    NativeLibrary.TryLoad(OpenBlasFile, out _) || OperatingSystem.IsMacOS() && System.IO.File.Exists($"/opt/homebrew/opt/openblas/lib/{OpenBlasFile}");

async Task Collect(string rid, string source)
{
    string report = $"{artifacts}/obj/native/{rid}.xml";
    string native = $"{root}/native";

    await Run("cmake", ["--preset", rid, $"-DBLASNET_OPENBLAS={(source == "" ? "system" : "source")}", $"-DBLASNET_OPENBLAS_SOURCE={source}",
        $"-DBLASNET_REDISTRIBUTABLE={(redistributable ? "ON" : "OFF")}"], native);
    await Run("cmake", ["--build", "--preset", rid], native);

    if (rid == "win-x64" && rid != HostRuntimeIdentifier && !OnPath("wine") && !await Install(["wine", "wine64"]))
    {
        Console.WriteLine("Not run: the smoke test of win-x64 needs Windows or Wine.");
        return;
    }

    bool passed = await Succeeds("ctest", ["--preset", rid, "--no-tests=error", "--output-junit", report], native);
    nativeTally += Tally.OfJUnit(report);
    Require(passed, "OpenBLAS failed its smoke test, see above.");
    string how = rid == HostRuntimeIdentifier ? "" : rid == "linux-arm64" ? " under qemu" : rid == "win-x64" ? " under Wine" : " with musl's loader";
    Console.WriteLine($"OpenBLAS for {rid}: {new System.IO.FileInfo(System.IO.Directory.GetFiles($"{artifacts}/native/{rid}").Single()).Length:N0} bytes; "
        + $"its smoke test passed{how}.");
}

/// <summary>Installs Debian packages when that needs no password; true when it succeeded.</summary>
async Task<bool> Install(string[] debianPackages)
{
    if (!OnPath("apt-get"))
        return false;

    string[] privilege = System.Environment.UserName == "root" ? []
        : OnPath("sudo") && await Succeeds("sudo", ["-n", "true"]) ? ["sudo", "-n"]
        : null;

    if (privilege is null)
        return false;

    string[] apt = [.. privilege, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=120"];
    await Succeeds(apt[0], [.. apt[1..], "update"]); // one dead source must not matter; what is needed shows below
    return await Succeeds(apt[0], [.. apt[1..], "install", "-y", "--no-install-recommends", .. debianPackages]);
}

/// <summary>Downloads the source of the distribution's OpenBLAS with apt-get, which needs no privilege: lists of its own, in artifacts/.</summary>
async Task<string> DownloadSource()
{
    string folder = $"{artifacts}/obj/openblas-source";
    string Archive() => System.IO.Directory.GetFiles(folder, "openblas_*.orig.tar.*").FirstOrDefault();
    EnsureDirectoryExists($"{folder}/lists/partial");

    if (Archive() is { } kept)
        return kept;

    if (OnPath("apt-get"))
    {
        // The machine's own package sources, asked for sources instead of binaries.
        var lines = System.IO.Directory.EnumerateFiles("/etc/apt/", "*.*", System.IO.SearchOption.AllDirectories)
            .Where(file => file.EndsWith(".list") || file.EndsWith(".sources"));

        foreach (string file in lines)
        {
            string text = System.Text.RegularExpressions.Regex.Replace(System.IO.File.ReadAllText(file), @"(?m)^(deb|Types: *deb)(?=\s)", "$1-src");
            System.IO.File.WriteAllText($"{folder}/{System.IO.Path.GetFileName(file)}", text);
        }

        string[] own = ["-q", "-o", "Dir::Etc::SourceList=/dev/null", "-o", $"Dir::Etc::SourceParts={folder}", "-o", $"Dir::State::Lists={folder}/lists",
            "-o", $"Dir::Cache={folder}", "-o", "APT::Sandbox::User=root"];
        await Succeeds("apt-get", [.. own, "update"], folder);
        await Succeeds("apt-get", [.. own, "source", "--download-only", "openblas"], folder);
    }

    return Archive() ?? throw new MissingException("No source of OpenBLAS: download a release archive and name it, --openblas-source=PATH.");
}
