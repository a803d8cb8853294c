# ruff: noqa: E501
"""Passes of the detector's exercises as students write them, right in several styles and wrong.

As in `attempts.py`: `RIGHT` and `WRONG`; `STYLES` has further right ones.
"""

RIGHT = {
    "focal_loss": """
def focal_loss(scores, target):
    logp=-np.logaddexp(0,-scores); logq=-np.logaddexp(0,scores); p=np.exp(logp)
    pos=(target==1).astype(float); neg=1-pos
    hit=pos*(1-p)**2*logp
    miss=neg*(1-target)**4*p**2*logq
    n=max(pos.sum(),1)
    return -(hit.sum()+miss.sum())/n
""",
    "focal_loss_backward": """
def focal_loss_backward(scores, target):
    logp=-np.logaddexp(0,-scores); logq=-np.logaddexp(0,scores); p=np.exp(logp); q=np.exp(logq)
    g=np.zeros_like(scores); pos=target==1
    for at in np.ndindex(scores.shape):
        if pos[at]:
            g[at]=2*p[at]*q[at]**2*logp[at]-q[at]**3
        else:
            g[at]=(1-target[at])**4*(p[at]**3-2*p[at]**2*q[at]*logq[at])
    return g/max(pos.sum(),1)
""",
    "nms": """
def nms(boxes, scores, iou_threshold):
    x1,y1,w,h=boxes.T if len(boxes) else np.zeros((4,0))
    x2,y2,area=x1+w,y1+h,w*h
    order=np.argsort(-scores,kind='stable')
    keep=[]
    while order.size>0:
        i=order[0]; keep.append(i)
        xx1=np.maximum(x1[i],x1[order[1:]]); yy1=np.maximum(y1[i],y1[order[1:]])
        xx2=np.minimum(x2[i],x2[order[1:]]); yy2=np.minimum(y2[i],y2[order[1:]])
        inter=np.maximum(0,xx2-xx1)*np.maximum(0,yy2-yy1)
        iou=inter/(area[i]+area[order[1:]]-inter)
        order=order[1:][iou<=iou_threshold]
    return keep
""",
}

WRONG = {
    "focal_loss": [
        ("(1-p)**2*logp", "logp", "no power at centres"),
        ("*p**2*logq", "*logq", "no power elsewhere"),
        ("*(1-target)**4", "", "no penalty reduction"),
        ("(1-target)**4", "(1-target)**2", "the wrong power of the penalty"),
        ("(1-target)**4", "target**4", "the penalty turned"),
        ("(1-p)**2*logp", "p**2*logp", "power of p at centres"),
        ("p**2*logq", "(1-p)**2*logq", "power of 1 − p elsewhere"),
        ("*logq", "*logp", "log p elsewhere"),
        ("-(hit.sum()+miss.sum())", "(hit.sum()+miss.sum())", "no minus"),
        ("hit.sum()+miss.sum()", "hit.sum()-miss.sum()", "minus between the sums"),
        ("hit.sum()+miss.sum()", "hit.sum()", "centres only"),
        ("/n\n", "\n", "not divided"),
        ("/n\n", "/target.size\n", "a mean over all cells"),
        ("/n\n", "/len(target)\n", "divided by images"),
        ("n=max(pos.sum(),1)", "n=target.sum()", "divided by the sum of the target"),
        ("n=max(pos.sum(),1)", "n=pos.sum()", "0 / 0 without an object"),
        ("n=max(pos.sum(),1)", "n=pos.sum()+1", "one object too many"),
        ("target==1", "target>0", "all of a Gaussian taken for centres"),
        ("target==1", "target>.5", "half of a Gaussian taken for centres"),
        ("target==1", "target>.9", "nearly centres taken for centres"),
        ("neg=1-pos", "neg=(1-pos)*(target>0)", "cells far from objects left out"),
        ("neg=1-pos", "neg=1-target", "a soft mask of the other cells"),
        ("/n\n", "/np.sqrt(n)\n", "divided by a root"),
        ("logp=-np.logaddexp(0,-scores); logq=-np.logaddexp(0,scores); p=np.exp(logp)", "p=1/(1+np.exp(-scores)); logp=np.log(p); logq=np.log(1-p)", "overflows"),
        ("logp=-np.logaddexp(0,-scores); logq=-np.logaddexp(0,scores); p=np.exp(logp)", "p=np.clip(1/(1+np.exp(-np.clip(scores,-50,50))),1e-6,1-1e-6); logp=np.log(p); logq=np.log(1-p)", "p cut off"),
        ("-(hit.sum()+miss.sum())/n", "-hit.sum()/n-miss.sum()/max(neg.sum(),1)", "two means"),
    ],
    "focal_loss_backward": [
        ("2*p[at]*q[at]**2*logp[at]-q[at]**3", "-q[at]**3", "power constant at centres"),
        ("p[at]**3-2*p[at]**2*q[at]*logq[at]", "p[at]**3", "power constant elsewhere"),
        ("2*p[at]*q[at]**2*logp[at]-q[at]**3", "p[at]-1", "cross-entropy at centres"),
        ("2*p[at]*q[at]**2*logp[at]-q[at]**3", "2*p[at]*q[at]**2*logp[at]+q[at]**3", "sign of a term"),
        ("2*p[at]*q[at]**2*logp[at]-q[at]**3", "-(2*p[at]*q[at]**2*logp[at]-q[at]**3)", "sign at centres"),
        ("p[at]**3-2*p[at]**2*q[at]*logq[at]", "p[at]**3+2*p[at]**2*q[at]*logq[at]", "sign of a term elsewhere"),
        ("(1-target[at])**4*", "", "no penalty reduction"),
        ("(1-target[at])**4*", "(1-target[at])**2*", "the wrong power"),
        ("return g/max(pos.sum(),1)", "return g", "not divided"),
        ("return g/max(pos.sum(),1)", "return g/g.size", "divided by all cells"),
        ("return g/max(pos.sum(),1)", "return -g/max(pos.sum(),1)", "sign"),
        ("return g/max(pos.sum(),1)", "return g/(p*q)/max(pos.sum(),1)", "gradient in p"),
        ("return g/max(pos.sum(),1)", "return g/pos.sum()", "0 / 0 without an object"),
        ("2*p[at]*q[at]**2*logp[at]-q[at]**3", "p[at]*q[at]**2*logp[at]-q[at]**3", "2 missing"),
        ("2*p[at]*q[at]**2*logp[at]-q[at]**3", "2*q[at]**2*logp[at]-q[at]**3", "a part of the inner slope missing"),
        ("p[at]**3-2*p[at]**2*q[at]*logq[at]", "p[at]**3-2*p[at]**2*logq[at]", "a part of the inner slope missing elsewhere"),
        ("return g/max(pos.sum(),1)", "return g*max(pos.sum(),1)", "multiplied"),
        ("target==1", "target>0", "all of a Gaussian taken for centres"),
        ("return g/max(pos.sum(),1)", "return (p-target)/max(pos.sum(),1)", "p − Y"),
        ("return g/max(pos.sum(),1)", "return np.where(pos,g,0)/max(pos.sum(),1)", "centres only"),
        ("return g/max(pos.sum(),1)", "return g.sum()/max(pos.sum(),1)", "summed"),
    ],
    "nms": [
        ("np.argsort(-scores,kind='stable')", "np.argsort(scores,kind='stable')", "worst first"),
        ("np.argsort(-scores,kind='stable')", "np.argsort(scores)[::-1]", "the last of equal scores first"),
        ("np.argsort(-scores,kind='stable')", "np.arange(len(scores))", "not sorted"),
        ("iou<=iou_threshold", "iou<iou_threshold", "equal ones go, too"),
        ("iou<=iou_threshold", "iou>iou_threshold", "the comparison turned"),
        ("iou<=iou_threshold", "iou<=0.5", "a threshold of one's own"),
        ("iou<=iou_threshold", "inter<=0", "whatever meets it goes"),
        ("iou<=iou_threshold", "1-iou<=iou_threshold", "1 − IoU compared"),
        ("x2,y2,area=x1+w,y1+h,w*h", "x2,y2,area=w,h,(w-x1)*(h-y1)", "boxes read as corners"),
        ("x2,y2,area=x1+w,y1+h,w*h", "x1,y1=x1-w/2,y1-h/2; x2,y2,area=x1+w,y1+h,w*h", "boxes read as centres"),
        ("np.maximum(0,xx2-xx1)*np.maximum(0,yy2-yy1)", "(xx2-xx1)*(yy2-yy1)", "negative times negative"),
        ("np.maximum(0,xx2-xx1)*np.maximum(0,yy2-yy1)", "np.maximum(0,xx2-xx1+1)*np.maximum(0,yy2-yy1+1)", "one pixel more, of the shared box only"),
        ("area[i]+area[order[1:]]-inter", "np.minimum(area[i],area[order[1:]])", "over the smaller box"),
        ("area[i]+area[order[1:]]-inter", "area[i]+area[order[1:]]", "the shared part counts twice"),
        ("area[i]+area[order[1:]]-inter", "area[i]", "over the kept box"),
        ("/(area[i]+area[order[1:]]-inter)", "", "an area, not a ratio"),
        ("return keep", "return sorted(keep)", "sorted by number"),
        ("return keep", "return keep[::-1]", "worst first"),
        ("return keep", "return boxes[keep]", "the boxes themselves"),
        ("return keep", "return np.isin(np.arange(len(boxes)),keep)", "a mask"),
        ("return keep", "return scores[keep]", "scores"),
        ("return keep", "return [list(np.argsort(-scores,kind='stable')).index(k) for k in keep]", "places in the sorted list"),
        ("return keep", "return keep[:1]", "the best only"),
        ("order=order[1:][iou<=iou_threshold]", "order=order[:-1][iou<=iou_threshold]", "the wrong ones stay"),
        ("keep.append(i)", "keep.append(order[-1])", "the wrong number is kept"),
        ("order=order[1:][iou<=iou_threshold]", "order=order[1:]", "nothing is removed"),
        ("i=order[0]; keep.append(i)", "i=order[0]; keep.append(i) if scores[i]>iou_threshold else None", "scores compared with the threshold"),
    ],
}  # fmt: skip

STYLES = {
    "focal_loss": [
        """
def focal_loss(scores, target):
    total = 0.
    for z, y in zip(scores.ravel(), target.ravel()):
        e = np.exp(-abs(z)); p = 1/(1+e) if z >= 0 else e/(1+e)
        lp = min(z, 0) - np.log1p(e); lq = min(-z, 0) - np.log1p(e)
        total += -(1-p)**2*lp if y == 1 else -(1-y)**4*p*p*lq
    return float(total/max(1, (target == 1).sum()))
""",
        """
def focal_loss(scores, target):
    s = lambda v: np.where(v > 0, v, 0) + np.log1p(np.exp(-np.abs(v)))
    p = np.exp(-s(-scores)); c = target >= 1.0
    return ((np.exp(-s(scores))[c]**2*s(-scores)[c]).sum()
            + ((1-target[~c])**4*p[~c]**2*s(scores)[~c]).sum())/(c.sum() or 1)
""",
        """
def focal_loss(scores, target):
    z, y = scores.reshape(-1), target.reshape(-1)
    sign = np.where(y == 1, 1, -1)
    wrong = 1/(1+np.exp(np.clip(sign*z, -700, 700)))
    cost = np.logaddexp(0, -sign*z)
    weight = np.where(y == 1, 1, (1-y)**4)
    return np.dot(weight*wrong**2, cost)/max(np.count_nonzero(y == 1), 1)
""",
        """
def focal_loss(scores, target):
    loss = np.array(0.0)
    pos = np.argwhere(target == 1)
    log_p, log_q = -np.logaddexp(0, -scores), -np.logaddexp(0, scores)
    every = -(1-target)**4*np.exp(2*log_p)*log_q
    loss = loss + every.sum()
    for at in map(tuple, pos):
        loss = loss - np.exp(2*log_q[at])*log_p[at]
    return loss/max(len(pos), 1)
""",
    ],
    "focal_loss_backward": [
        """
def focal_loss_backward(scores, target):
    lp, lq = -np.logaddexp(0, -scores), -np.logaddexp(0, scores); p, q = np.exp(lp), np.exp(lq)
    g = np.where(target == 1, q*q*(2*p*lp-q), (1-target)**4*p*p*(p-2*q*lq))
    return g/max((target == 1).sum(), 1)
""",
        """
def focal_loss_backward(scores, target):
    y = target.ravel(); s = np.where(y == 1, -1., 1.); z = s*scores.ravel()
    l = np.logaddexp(0, z); w = np.exp(z-l); g = w*w*(w+2*np.exp(-l)*l)
    g *= s*np.where(y == 1, 1, (1-y)**4)
    return (g/max(np.sum(y == 1), 1)).reshape(scores.shape)
""",
        """
def focal_loss_backward(scores, target):
    out = np.empty(scores.shape); n = max(int((target == 1).sum()), 1)
    for i, (z, y) in enumerate(zip(scores.flat, target.flat)):
        e = np.exp(-abs(z)); p = 1/(1+e) if z >= 0 else e/(1+e); q = 1/(1+e) if z < 0 else e/(1+e)
        lp = min(z, 0)-np.log1p(e); lq = min(-z, 0)-np.log1p(e)
        if y == 1: dp_part, log_part = -2*q*p*q*lp*-1, -q*q*q
        else: dp_part, log_part = -(1-y)**4*2*p*p*q*lq, (1-y)**4*p*p*p
        out.flat[i] = (dp_part+log_part)/n
    return out
""",
        """
def focal_loss_backward(scores, target):
    log_p, log_q = -np.logaddexp(0, -scores), -np.logaddexp(0, scores)
    p, q = np.exp(log_p), np.exp(log_q)
    pos = target == 1; n = pos.sum() if pos.any() else 1
    d = np.zeros_like(scores)
    d[pos] = (2*p*q**2*log_p-q**3)[pos]
    d[~pos] = ((1-target)**4*(p**3-2*p**2*q*log_q))[~pos]
    return d/n
""",
    ],
    "nms": [
        """
def nms(boxes, scores, iou_threshold):
    def iou(a, b):
        w = min(a[0]+a[2], b[0]+b[2])-max(a[0], b[0]); h = min(a[1]+a[3], b[1]+b[3])-max(a[1], b[1])
        s = max(w, 0)*max(h, 0)
        return s/(a[2]*a[3]+b[2]*b[3]-s)
    kept = []
    for n in sorted(range(len(scores)), key=lambda n: (-scores[n], n)):
        if all(iou(boxes[n], boxes[m]) <= iou_threshold for m in kept): kept.append(n)
    return kept
""",
        """
def nms(boxes, scores, iou_threshold):
    n = len(boxes); alive = np.ones(n, bool); keep = []
    lo, hi = boxes[:, :2], boxes[:, :2]+boxes[:, 2:]; area = boxes[:, 2]*boxes[:, 3]
    while alive.any():
        i = int(np.where(alive, scores, -np.inf).argmax())
        side = np.clip(np.minimum(hi, hi[i])-np.maximum(lo, lo[i]), 0, None)
        s = side[:, 0]*side[:, 1]
        alive &= s/(area+area[i]-s) <= iou_threshold
        alive[i] = False; keep.append(i)
    return np.array(keep, dtype=int)
""",
        """
def nms(boxes, scores, iou_threshold):
    if not len(boxes): return np.zeros(0, int)
    a = boxes[:, None]; b = boxes[None]
    w = np.minimum(a[..., 0]+a[..., 2], b[..., 0]+b[..., 2])-np.maximum(a[..., 0], b[..., 0])
    h = np.minimum(a[..., 1]+a[..., 3], b[..., 1]+b[..., 3])-np.maximum(a[..., 1], b[..., 1])
    s = w.clip(0)*h.clip(0); u = a[..., 2]*a[..., 3]+b[..., 2]*b[..., 3]-s
    m = s > iou_threshold*u
    todo, out = list(np.lexsort((np.arange(len(scores)), -scores))), []
    while todo:
        i = todo.pop(0); out.append(i); todo = [j for j in todo if not m[i, j]]
    return np.asarray(out)
""",
        """
def nms(boxes, scores, iou_threshold):
    todo = [(-s, i) for i, s in enumerate(scores.tolist())]; todo.sort(); keep = []
    while todo:
        (_, i), *rest = todo; keep += [i]; todo = []
        x, y, w, h = boxes[i]
        for s, j in rest:
            u, v, a, b = boxes[j]
            dx, dy = min(x+w, u+a)-max(x, u), min(y+h, v+b)-max(y, v)
            both = dx*dy if dx > 0 and dy > 0 else 0
            if both/(w*h+a*b-both) <= iou_threshold: todo.append((s, j))
    return np.int32(keep)
""",
    ],
}
